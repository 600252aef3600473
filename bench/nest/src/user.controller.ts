// Sign-in and refresh. A refresh verifies the token, reads the user and signs two new tokens. The old refresh token stays valid until it expires,
// because the server stores no tokens.
import { Body, Controller, Get, HttpCode, OnModuleInit, Post, Query, UnauthorizedException } from '@nestjs/common';
import { JwtService, JwtSignOptions } from '@nestjs/jwt';
import { InjectRepository } from '@nestjs/typeorm';
import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Repository } from 'typeorm';
import { User } from './user.entity';

const derive = promisify<string, Buffer, number, Buffer>(scrypt);

// A duration in the format of the package `ms`.
const accessTtl = (process.env.ACCESS_TTL ?? '30m') as JwtSignOptions['expiresIn'];

interface Tokens {
  access_token: string;
  refresh_token: string;
}

@Controller('user')
export class UserController implements OnModuleInit {
  constructor(
    @InjectRepository(User) private readonly users: Repository<User>,
    private readonly jwt: JwtService,
  ) {}

  // The account that the load signs in with.
  async onModuleInit() {
    const [username, password] = (process.env.DEMO_USER ?? '').split(':');
    if (!username || !password || (await this.users.existsBy({ username }))) return;
    const salt = randomBytes(16);
    const key = await derive(password, salt, 32);
    await this.users.save({ username, password: `${salt.toString('hex')}:${key.toString('hex')}` });
  }

  @Post('login')
  @HttpCode(200)
  async login(@Body() sent: { username: string; password: string }): Promise<Tokens> {
    const user = await this.users.findOneBy({ username: String(sent.username) });
    if (!user) throw new UnauthorizedException('Name or password is wrong.');
    const [salt, key] = user.password.split(':').map((part) => Buffer.from(part, 'hex'));
    if (!timingSafeEqual(key, await derive(String(sent.password), salt, 32))) {
      throw new UnauthorizedException('Name or password is wrong.');
    }
    return this.issue(user);
  }

  @Get('refresh')
  async refresh(@Query('refresh_token') token: string): Promise<Tokens> {
    const user = await this.owner(token);
    if (!user) throw new UnauthorizedException('The token is not valid: sign in again.');
    return this.issue(user);
  }

  private async owner(token: string): Promise<User | null> {
    try {
      const { userId } = await this.jwt.verifyAsync<{ userId: number }>(token, { algorithms: ['HS256'] });
      return await this.users.findOneBy({ id: userId });
    } catch {
      return null;
    }
  }

  private async issue(user: User): Promise<Tokens> {
    return {
      access_token: await this.jwt.signAsync({ userId: user.id, username: user.username }, { expiresIn: accessTtl }),
      refresh_token: await this.jwt.signAsync({ userId: user.id }, { expiresIn: '7d' }),
    };
  }
}
