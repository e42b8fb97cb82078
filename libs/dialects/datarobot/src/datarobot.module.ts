import { Module } from '@nestjs/common';
import { AugmentationListsController } from './augmentation-lists.controller.js';
import { AugmentationOptionsController } from './augmentation-options.controller.js';
import { AugmentationSamplesController } from './augmentation-samples.controller.js';
import { ImagesController } from './images.controller.js';
import { ProjectsController } from './projects.controller.js';
import { StatusController } from './status.controller.js';
import { VersionController } from './version.controller.js';

@Module({
  controllers: [
    VersionController,
    ProjectsController,
    ImagesController,
    AugmentationOptionsController,
    AugmentationListsController,
    AugmentationSamplesController,
    StatusController,
  ],
})
export class DatarobotModule {}
