import { Controller, Get, Redirect } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { WithoutKey } from './route-access.js';

/** Whoever opens the address in a browser wants to see what there is. */
@ApiExcludeController()
@Controller()
export class RootController {
  @WithoutKey()
  @Get()
  @Redirect('/docs')
  root(): void {}
}
