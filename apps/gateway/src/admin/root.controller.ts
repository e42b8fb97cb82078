import { Controller, Get, Redirect } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

/** Whoever opens the address in a browser wants to see what there is. */
@ApiExcludeController()
@Controller()
export class RootController {
  @Get()
  @Redirect('/docs')
  root(): void {}
}
