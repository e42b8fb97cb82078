import { Module } from '@nestjs/common';
import { AugmentationListsController } from './augmentation-lists.controller.js';
import { AugmentationOptionsController } from './augmentation-options.controller.js';
import { AugmentationSamplesController } from './augmentation-samples.controller.js';
import { AutopilotController } from './autopilot.controller.js';
import { DatasetFindingsController } from './dataset-findings.controller.js';
import { DatasetUploads } from './dataset-uploads.js';
import { DatasetsController } from './datasets.controller.js';
import { HeldJobs } from './held-jobs.js';
import { ImageActivationMapsController } from './image-activation-maps.controller.js';
import { ImageEmbeddingsController } from './image-embeddings.controller.js';
import { ImageInsights } from './image-insights.js';
import { ImagesController } from './images.controller.js';
import { JobsController } from './jobs.controller.js';
import { ModelJobsController } from './model-jobs.controller.js';
import { Modelings } from './modelings.js';
import { ModelsController } from './models.controller.js';
import { PredictJobsController } from './predict-jobs.controller.js';
import { PredictionDatasetsController } from './prediction-datasets.controller.js';
import { PredictionsController } from './predictions.controller.js';
import { ProjectCreationController } from './project-creation.controller.js';
import { ProjectFeaturesController } from './project-features.controller.js';
import { ProjectFindingsController } from './project-findings.controller.js';
import { ProjectImagesController } from './project-images.controller.js';
import { ProjectJobs } from './project-jobs.js';
import { ProjectsController } from './projects.controller.js';
import { SimilarImagesController } from './similar-images.controller.js';
import { StatusController } from './status.controller.js';
import { TargetImagePages } from './target-image-pages.js';
import { TargetsController } from './targets.controller.js';
import { VersionController } from './version.controller.js';

@Module({
  controllers: [
    VersionController,
    ProjectsController,
    ProjectCreationController,
    ProjectFeaturesController,
    ProjectImagesController,
    ProjectFindingsController,
    TargetsController,
    AutopilotController,
    ModelsController,
    ModelJobsController,
    PredictionDatasetsController,
    PredictionsController,
    PredictJobsController,
    JobsController,
    ImagesController,
    ImageEmbeddingsController,
    ImageActivationMapsController,
    SimilarImagesController,
    DatasetsController,
    DatasetFindingsController,
    AugmentationOptionsController,
    AugmentationListsController,
    AugmentationSamplesController,
    StatusController,
  ],
  providers: [DatasetUploads, HeldJobs, ImageInsights, Modelings, ProjectJobs, TargetImagePages],
})
export class DatarobotModule {}
