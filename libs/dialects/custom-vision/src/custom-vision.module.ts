import { Module } from '@nestjs/common';
import { Arrivals } from './operations/arrivals.js';
import { ImagePages } from './operations/image-pages.js';
import { ImageViews } from './operations/image-view.js';
import { Images } from './operations/images.js';
import { Snapshots } from './operations/iteration-view.js';
import { Iterations } from './operations/iterations.js';
import { Performances } from './operations/performances.js';
import { Predictions } from './operations/predictions.js';
import { Projects } from './operations/projects.js';
import { Services } from './operations/services.js';
import { Tags } from './operations/tags.js';
import { Uploads } from './operations/uploads.js';
import { ImagesControllerV1 } from './v1/images.controllers.js';
import { PredictControllerV1, StoredPredictionsControllerV1 } from './v1/predictions.controllers.js';
import * as v1 from './v1/training.controllers.js';
import { ImagesControllerV3 } from './v3/images.controllers.js';
import {
  ClassifyControllerV3,
  PredictControllerV2,
  StoredPredictionsControllerV3,
} from './v3/predictions.controllers.js';
import * as v3 from './v3/training.controllers.js';
import { UnsupportedDetectionControllerV3, UnsupportedTrainingControllerV3 } from './v3/unsupported.controllers.js';

@Module({
  controllers: [
    ...Object.values(v1),
    ImagesControllerV1,
    StoredPredictionsControllerV1,
    PredictControllerV1,
    ...Object.values(v3),
    ImagesControllerV3,
    StoredPredictionsControllerV3,
    ClassifyControllerV3,
    PredictControllerV2,
    UnsupportedTrainingControllerV3,
    UnsupportedDetectionControllerV3,
  ],
  providers: [
    Arrivals,
    ImagePages,
    Images,
    ImageViews,
    Iterations,
    Performances,
    Predictions,
    Projects,
    Services,
    Snapshots,
    Tags,
    Uploads,
  ],
})
export class CustomVisionModule {}
