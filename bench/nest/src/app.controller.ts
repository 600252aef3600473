import { Controller, Get, UseGuards } from '@nestjs/common';
import { LoginGuard } from './login.guard';

@Controller()
export class AppController {
  @Get('aaa')
  open(): string {
    return 'aaa';
  }

  @Get('bbb')
  @UseGuards(LoginGuard)
  guarded(): string {
    return 'bbb';
  }
}
