// Lets a request with a good access token in. It asks the token alone: a session that was ended on the server lives on until then.
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
