import { Module } from '@nestjs/common';
import { CoreController } from './core.controller.js';
import { Experiments } from './experiments/experiments.js';
import { ImagePlaces } from './experiments/image-places.js';
import { ImagesController } from './images.controller.js';
import { PageController } from './page/page.controller.js';
import { ProblemsController } from './problems.controller.js';
import { PushedPieces } from './pushing/pushed-pieces.js';
import { PushingController } from './pushing/pushing.controller.js';

@Module({
  controllers: [CoreController, ImagesController, PageController, ProblemsController, PushingController],
  providers: [Experiments, PushedPieces, { provide: ImagePlaces, useFactory: () => new ImagePlaces() }],
})
export class TensorboardModule {}
