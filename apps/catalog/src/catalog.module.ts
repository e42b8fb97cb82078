import { Global, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { JobOwnerModule } from '@pentaprism/jobs';
import { API_KEY_MODEL, ApiKeyRepository, apiKeySchema } from './adapters/mongo/api-key.repository.js';
import { ContentRepository } from './adapters/mongo/content.repository.js';
import { CONTENT_MODEL, contentSchema } from './adapters/mongo/content.schema.js';
import { COUNTER_MODEL, CounterRepository, counterSchema } from './adapters/mongo/counter.repository.js';
import { IMAGE_COUNT_MODEL, ImageCountRepository, imageCountSchema } from './adapters/mongo/image-count.repository.js';
import { ImageListRepository } from './adapters/mongo/image-list.repository.js';
import { ImageTagRepository } from './adapters/mongo/image-tag.repository.js';
import { ImageRepository } from './adapters/mongo/image.repository.js';
import { IMAGE_MODEL, imageSchema } from './adapters/mongo/image.schema.js';
import { ProjectRepository } from './adapters/mongo/project.repository.js';
import { PROJECT_MODEL, projectSchema, WORKSPACE_MODEL, workspaceSchema } from './adapters/mongo/project.schema.js';
import { RadiographRepository } from './adapters/mongo/radiograph.repository.js';
import { SCRUB_MODEL, ScrubRepository, scrubSchema } from './adapters/mongo/scrub.repository.js';
import { SnapshotRepository } from './adapters/mongo/snapshot.repository.js';
import {
  SNAPSHOT_IMAGE_MODEL,
  SNAPSHOT_MODEL,
  snapshotImageSchema,
  snapshotSchema,
} from './adapters/mongo/snapshot.schema.js';
import { TAG_STATE_MODEL, TagStateRepository, tagStateSchema } from './adapters/mongo/tag-state.repository.js';
import { TrainingImageRepository } from './adapters/mongo/training-image.repository.js';
import { CATALOG_CONFIG, type CatalogConfig } from './config.js';
import { ApiKeysController } from './rpc/api-keys.controller.js';
import { ContentsController } from './rpc/contents.controller.js';
import { DirectoryController } from './rpc/directory.controller.js';
import { ImageTagsController } from './rpc/image-tags.controller.js';
import { ImagesController } from './rpc/images.controller.js';
import { PredictedImagesController } from './rpc/predicted-images.controller.js';
import { ProjectsController } from './rpc/projects.controller.js';
import { RadiographsController } from './rpc/radiographs.controller.js';
import { SnapshotsController } from './rpc/snapshots.controller.js';
import { TrainingImagesController } from './rpc/training-images.controller.js';
import { AddImage } from './usecases/add-image.usecase.js';
import { AddRadiograph } from './usecases/add-radiograph.usecase.js';
import { AddTrainingImages } from './usecases/add-training-images.usecase.js';
import { AnalyseContentEffect } from './usecases/analyse-content.effect.js';
import { AnalyseContents } from './usecases/analyse-contents.usecase.js';
import { ApplyTag } from './usecases/apply-tag.usecase.js';
import { CollectBlobs } from './usecases/collect-blobs.usecase.js';
import { CONTENT_HOLDERS, ContentReferences, type ContentHolder } from './usecases/content-references.js';
import { DeleteImage } from './usecases/delete-image.usecase.js';
import { DeleteRadiographs } from './usecases/delete-radiographs.usecase.js';
import { DeleteTrainingImages } from './usecases/delete-training-images.usecase.js';
import { ExpireImages } from './usecases/expire-images.usecase.js';
import { FindImages } from './usecases/find-images.usecase.js';
import { FindJobs } from './usecases/find-jobs.usecase.js';
import { FindRadiographs } from './usecases/find-radiographs.usecase.js';
import { ImageAdditions } from './usecases/image-additions.js';
import { ListImages } from './usecases/list-images.usecase.js';
import { ListTrainingImages } from './usecases/list-training-images.usecase.js';
import { ManageApiKeys } from './usecases/manage-api-keys.usecase.js';
import { ManageProjects } from './usecases/manage-projects.usecase.js';
import { ManageSnapshots } from './usecases/manage-snapshots.usecase.js';
import { PredictedImages } from './usecases/predicted-images.usecase.js';
import { PROJECT_REMOVAL } from './usecases/project-removal.js';
import { RemoveProjects } from './usecases/remove-projects.usecase.js';
import { RenderRadiographEffect } from './usecases/render-radiograph.effect.js';
import { ScrubBlobs } from './usecases/scrub-blobs.usecase.js';
import { SetImageTags } from './usecases/set-image-tags.usecase.js';
import { TagTrainingImages } from './usecases/tag-training-images.usecase.js';

const REPOSITORIES = [
  ApiKeyRepository,
  ContentRepository,
  CounterRepository,
  ImageCountRepository,
  ImageListRepository,
  ImageRepository,
  ImageTagRepository,
  ProjectRepository,
  RadiographRepository,
  ScrubRepository,
  SnapshotRepository,
  TagStateRepository,
  TrainingImageRepository,
];

/** The catalog's collections and what changes them together, for its use cases and for the effects of its jobs. */
@Global()
@Module({
  imports: [
    MongooseModule.forFeature([
      { name: API_KEY_MODEL, schema: apiKeySchema },
      { name: CONTENT_MODEL, schema: contentSchema },
      { name: COUNTER_MODEL, schema: counterSchema },
      { name: IMAGE_COUNT_MODEL, schema: imageCountSchema },
      { name: IMAGE_MODEL, schema: imageSchema },
      { name: PROJECT_MODEL, schema: projectSchema },
      { name: SCRUB_MODEL, schema: scrubSchema },
      { name: SNAPSHOT_IMAGE_MODEL, schema: snapshotImageSchema },
      { name: SNAPSHOT_MODEL, schema: snapshotSchema },
      { name: TAG_STATE_MODEL, schema: tagStateSchema },
      { name: WORKSPACE_MODEL, schema: workspaceSchema },
    ]),
  ],
  providers: [
    ...REPOSITORIES,
    {
      provide: CONTENT_HOLDERS,
      inject: [ImageRepository, SnapshotRepository],
      useFactory: (...holders: ContentHolder[]) => holders,
    },
    ContentReferences,
  ],
  exports: [...REPOSITORIES, ContentReferences],
})
class CatalogRepositoriesModule {}

@Module({})
export class CatalogModule implements OnModuleInit {
  constructor(private readonly keys: ManageApiKeys) {}

  static register(config: CatalogConfig): DynamicModule {
    return {
      module: CatalogModule,
      imports: [
        CatalogRepositoriesModule,
        JobOwnerModule.register({
          owner: 'catalog',
          redisUrl: config.REDIS_URL,
          queuePrefix: config.QUEUE_PREFIX,
          effects: [AnalyseContentEffect, RenderRadiographEffect],
          imports: [CatalogRepositoriesModule],
        }),
      ],
      controllers: [
        ApiKeysController,
        ContentsController,
        DirectoryController,
        ImagesController,
        ImageTagsController,
        PredictedImagesController,
        ProjectsController,
        RadiographsController,
        SnapshotsController,
        TrainingImagesController,
      ],
      providers: [
        { provide: CATALOG_CONFIG, useValue: config },
        AddImage,
        AddRadiograph,
        AddTrainingImages,
        AnalyseContents,
        ApplyTag,
        CollectBlobs,
        DeleteImage,
        DeleteRadiographs,
        DeleteTrainingImages,
        ExpireImages,
        FindImages,
        FindJobs,
        FindRadiographs,
        ImageAdditions,
        ListImages,
        ListTrainingImages,
        ManageApiKeys,
        ManageProjects,
        ManageSnapshots,
        PredictedImages,
        { provide: PROJECT_REMOVAL, useExisting: RemoveProjects },
        RemoveProjects,
        ScrubBlobs,
        SetImageTags,
        TagTrainingImages,
      ],
    };
  }

  /** Before the first call is answered: a gateway without the owner's key would refuse its owner. */
  async onModuleInit(): Promise<void> {
    await this.keys.bootstrap();
  }
}
