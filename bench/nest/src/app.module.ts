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
      // As many connections as wugan-server keeps.
      extra: { connectionLimit: 16 },
    }),
    TypeOrmModule.forFeature([User]),
    // A key made once. Given a string, jsonwebtoken tries to read it as a PEM key each time, which takes twice as long as all the rest.
    JwtModule.register({ global: true, secretOrKeyProvider: () => secret, signOptions: { algorithm: 'HS256' } }),
  ],
  controllers: [AppController, UserController],
})
export class AppModule {}
