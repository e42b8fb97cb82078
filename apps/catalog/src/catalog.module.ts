import { Global, Module, type DynamicModule, type OnModuleInit } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { JobOwnerModule } from '@pentaprism/jobs';
import { API_KEY_MODEL, ApiKeyRepository, apiKeySchema } from './keys/api-key.repository.js';
import { ANALYSIS_WRITER } from './contents/analysis-writer.js';
import { ContentHoldRepository } from './contents/content-hold.repository.js';
import { CONTENT_HOLD_MODEL, contentHoldSchema, HOLDER_MODEL, holderSchema } from './contents/content-hold.schema.js';
import { ContentRepository } from './contents/content.repository.js';
import { CONTENT_MODEL, contentSchema } from './contents/content.schema.js';
import { COUNTER_MODEL, CounterRepository, counterSchema } from './directory/counter.repository.js';
import { IMAGE_COUNT_MODEL, ImageCountRepository, imageCountSchema } from './projects/image-count.repository.js';
import { ImageListRepository } from './images/image-list.repository.js';
import { ImageTagRepository } from './images/image-tag.repository.js';
import { ImageRepository } from './images/image.repository.js';
import { IMAGE_MODEL, imageSchema } from './images/image.schema.js';
import { ProjectRepository } from './projects/project.repository.js';
import { PROJECT_MODEL, projectSchema, WORKSPACE_MODEL, workspaceSchema } from './projects/project.schema.js';
import { RadiographRepository } from './radiographs/radiograph.repository.js';
import { SCRUB_MODEL, ScrubRepository, scrubSchema } from './housekeeping/scrub.repository.js';
import { SnapshotRepository } from './training/snapshot.repository.js';
import {
  SNAPSHOT_IMAGE_MODEL,
  SNAPSHOT_MODEL,
  snapshotImageSchema,
  snapshotSchema,
} from './training/snapshot.schema.js';
import { TAG_STATE_MODEL, TagStateRepository, tagStateSchema } from './images/tag-state.repository.js';
import { TrainingImageRepository } from './training/training-image.repository.js';
import { CATALOG_CONFIG, type CatalogConfig } from './config/config.js';
import { ApiKeysController } from './keys/api-keys.controller.js';
import { ContentsController } from './contents/contents.controller.js';
import { DirectoryController } from './directory/directory.controller.js';
import { ImageTagsController } from './images/image-tags.controller.js';
import { ImagesController } from './images/images.controller.js';
import { PredictedImagesController } from './training/predicted-images.controller.js';
import { ProjectsController } from './projects/projects.controller.js';
import { RadiographsController } from './radiographs/radiographs.controller.js';
import { SnapshotsController } from './training/snapshots.controller.js';
import { TrainingImagesController } from './training/training-images.controller.js';
import { AddImage } from './images/add-image.usecase.js';
import { AddRadiograph } from './radiographs/add-radiograph.usecase.js';
import { AddTrainingImages } from './training/add-training-images.usecase.js';
import { AnalyseContentEffect } from './images/analyse-content.effect.js';
import { AnalyseContents } from './contents/analyse-contents.usecase.js';
import { ApplyTag } from './images/apply-tag.usecase.js';
import { CollectBlobs } from './housekeeping/collect-blobs.usecase.js';
import { CONTENT_HOLDERS, ContentReferences, type ContentHolder } from './contents/content-references.js';
import { DeleteImage } from './images/delete-image.usecase.js';
import { DeleteRadiographs } from './radiographs/delete-radiographs.usecase.js';
import { AddImageMetadata } from './training/add-image-metadata.usecase.js';
import { DeleteTrainingImages } from './training/delete-training-images.usecase.js';
import { ExpireImages } from './housekeeping/expire-images.usecase.js';
import { FindImages } from './images/find-images.usecase.js';
import { FindJobs } from './directory/find-jobs.usecase.js';
import { FindRadiographs } from './radiographs/find-radiographs.usecase.js';
import { HoldContents } from './contents/hold-contents.usecase.js';
import { ImageAdditions } from './images/image-additions.js';
import { ListDecodedImages } from './images/list-decoded-images.usecase.js';
import { ListImages } from './images/list-images.usecase.js';
import { ListTrainingImages } from './training/list-training-images.usecase.js';
import { ManageApiKeys } from './keys/manage-api-keys.usecase.js';
import { ManageProjects } from './projects/manage-projects.usecase.js';
import { ManageSnapshots } from './training/manage-snapshots.usecase.js';
import { PredictedImages } from './training/predicted-images.usecase.js';
import { PROJECT_REMOVAL } from './projects/project-removal.js';
import { RemoveProjects } from './housekeeping/remove-projects.usecase.js';
import { RemakePictures } from './housekeeping/remake-pictures.usecase.js';
import { RenderRadiographEffect } from './radiographs/render-radiograph.effect.js';
import { ScrubBlobs } from './housekeeping/scrub-blobs.usecase.js';
import { SetImageTags } from './images/set-image-tags.usecase.js';
import { TagTrainingImages } from './training/tag-training-images.usecase.js';
import { WriteAnalyses } from './images/write-analyses.js';

const REPOSITORIES = [
  ApiKeyRepository,
  ContentHoldRepository,
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
      { name: CONTENT_HOLD_MODEL, schema: contentHoldSchema },
      { name: CONTENT_MODEL, schema: contentSchema },
      { name: COUNTER_MODEL, schema: counterSchema },
      { name: HOLDER_MODEL, schema: holderSchema },
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
      inject: [ImageRepository, SnapshotRepository, ContentHoldRepository],
      useFactory: (...holders: ContentHolder[]) => holders,
    },
    ContentReferences,
    WriteAnalyses,
    { provide: ANALYSIS_WRITER, useExisting: WriteAnalyses },
  ],
  exports: [...REPOSITORIES, ContentReferences, WriteAnalyses, ANALYSIS_WRITER],
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
        AddImageMetadata,
        DeleteTrainingImages,
        ExpireImages,
        FindImages,
        FindJobs,
        FindRadiographs,
        HoldContents,
        ImageAdditions,
        ListDecodedImages,
        ListImages,
        ListTrainingImages,
        ManageApiKeys,
        ManageProjects,
        ManageSnapshots,
        PredictedImages,
        { provide: PROJECT_REMOVAL, useExisting: RemoveProjects },
        RemoveProjects,
        RemakePictures,
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
