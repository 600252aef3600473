// Admits requests with a valid access token. It checks the token only: after a sign-out, the token is accepted until it expires.
import { CanActivate, ExecutionContext, Injectable, UnauthorizedException } from '@nestjs/common';
import { JwtService } from '@nestjs/jwt';
import type { IncomingMessage } from 'node:http';

@Injectable()
export class LoginGuard implements CanActivate {
  constructor(private readonly jwt: JwtService) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const [scheme, token] = context.switchToHttp().getRequest<IncomingMessage>().headers.authorization?.split(' ') ?? [];
    if (scheme !== 'Bearer' || !token) throw new UnauthorizedException('Sign in first.');
    try {
      await this.jwt.verifyAsync(token, { algorithms: ['HS256'] });
      return true;
    } catch {
      throw new UnauthorizedException('The token is not valid: sign in again.');
    }
  }
}
