import { Module } from '@nestjs/common';
import { CoreController } from './core.controller.js';
import { PageController } from './page/page.controller.js';

@Module({
  controllers: [CoreController, PageController],
})
export class TensorboardModule {}
