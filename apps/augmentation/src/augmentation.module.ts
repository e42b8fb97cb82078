import { Global, Module, type DynamicModule } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { JobOwnerModule } from '@pentaprism/jobs';
import { AugmentationListRepository } from './adapters/mongo/augmentation-list.repository.js';
import { AUGMENTATION_LIST_MODEL, augmentationListSchema } from './adapters/mongo/augmentation-list.schema.js';
import { DeletedImageRepository } from './adapters/mongo/deleted-image.repository.js';
import { DELETED_IMAGE_MODEL, deletedImageSchema } from './adapters/mongo/deleted-image.schema.js';
import { DeletedProjectRepository } from './adapters/mongo/deleted-project.repository.js';
import { DELETED_PROJECT_MODEL, deletedProjectSchema } from './adapters/mongo/deleted-project.schema.js';
import { SampleRepository } from './adapters/mongo/sample.repository.js';
import { SAMPLE_MODEL, SAMPLE_SET_MODEL, sampleSchema, sampleSetSchema } from './adapters/mongo/sample.schema.js';
import { AUGMENTATION_CONFIG, type AugmentationConfig } from './config.js';
import { AugmentationListsController } from './rpc/augmentation-lists.controller.js';
import { FactsController } from './rpc/facts.controller.js';
import { SamplesController } from './rpc/samples.controller.js';
import { FindLostSamples } from './usecases/find-lost-samples.usecase.js';
import { FindSamples } from './usecases/find-samples.usecase.js';
import { ForgetImage } from './usecases/forget-image.usecase.js';
import { ForgetProject } from './usecases/forget-project.usecase.js';
import { MakeSamplesEffect } from './usecases/make-samples.effect.js';
import { ManageAugmentationLists } from './usecases/manage-augmentation-lists.usecase.js';
import { RequestSamples } from './usecases/request-samples.usecase.js';
import { SweepSamples } from './usecases/sweep-samples.usecase.js';

const REPOSITORIES = [AugmentationListRepository, DeletedImageRepository, DeletedProjectRepository, SampleRepository];

/** The service's collections, for its use cases and for the effects of its jobs. */
@Global()
@Module({
  imports: [
    MongooseModule.forFeature([
      { name: AUGMENTATION_LIST_MODEL, schema: augmentationListSchema },
      { name: DELETED_IMAGE_MODEL, schema: deletedImageSchema },
      { name: DELETED_PROJECT_MODEL, schema: deletedProjectSchema },
      { name: SAMPLE_MODEL, schema: sampleSchema },
      { name: SAMPLE_SET_MODEL, schema: sampleSetSchema },
    ]),
  ],
  providers: REPOSITORIES,
  exports: REPOSITORIES,
})
class AugmentationRepositoriesModule {}

@Module({})
export class AugmentationModule {
  static register(config: AugmentationConfig): DynamicModule {
    return {
      module: AugmentationModule,
      imports: [
        AugmentationRepositoriesModule,
        JobOwnerModule.register({
          owner: 'augmentation',
          redisUrl: config.REDIS_URL,
          queuePrefix: config.QUEUE_PREFIX,
          effects: [MakeSamplesEffect],
          imports: [AugmentationRepositoriesModule],
        }),
      ],
      controllers: [AugmentationListsController, FactsController, SamplesController],
      providers: [
        { provide: AUGMENTATION_CONFIG, useValue: config },
        FindLostSamples,
        FindSamples,
        ForgetImage,
        ForgetProject,
        ManageAugmentationLists,
        RequestSamples,
        SweepSamples,
      ],
    };
  }
}
