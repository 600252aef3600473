import { Module } from '@nestjs/common';
import { JwtModule } from '@nestjs/jwt';
import { TypeOrmModule } from '@nestjs/typeorm';
import { AppController } from './app.controller';
import { UserController } from './user.controller';
import { User } from './user.entity';

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
    JwtModule.register({ global: true, secret: process.env.JWT_SECRET, signOptions: { algorithm: 'HS256' } }),
  ],
  controllers: [AppController, UserController],
})
export class AppModule {}
