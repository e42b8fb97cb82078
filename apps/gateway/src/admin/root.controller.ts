import { Controller, Get, Redirect } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { WithoutKey } from './route-access.js';

/** Redirects browsers from the bare address to the documentation. */
@ApiExcludeController()
@Controller()
export class RootController {
  @WithoutKey()
  @Get()
  @Redirect('/docs')
  root(): void {}
}
