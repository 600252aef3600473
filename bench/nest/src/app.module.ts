import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AppController } from './app.controller';
import { UserController } from './user.controller';
import { createSecretKey } from 'node:crypto';
import { User } from './user.entity';

const secret = createSecretKey(Buffer.from(process.env.JWT_SECRET ?? ''));

@Module({
  imports: [
    TypeOrmModule.forRoot({
      type: 'mariadb',
      url: process.env.DATABASE_URL,
      entities: [User],
      synchronize: true,
      // As many connections as wugan-server opens.
      extra: { connectionLimit: 16 },
    }),
    TypeOrmModule.forFeature([User]),
    // The key is parsed once. A string would be parsed as PEM by jsonwebtoken at each use, which takes twice as long as all other work.
    JwtModule.register({ global: true, secretOrKeyProvider: () => secret, signOptions: { algorithm: 'HS256' } }),
  ],
  controllers: [AppController, UserController],
})
export class AppModule {}
