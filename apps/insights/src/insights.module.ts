import { Global, Module, type DynamicModule } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { JobOwnerModule } from '@pentaprism/jobs';
import { INSIGHTS_CONFIG, type InsightsConfig } from './config/config.js';
import { ContentFactsController } from './embeddings/content-facts.controller.js';
import { EmbedContentEffect } from './embeddings/embed-content.effect.js';
import { EmbedContent } from './embeddings/embed-content.usecase.js';
import { EmbeddingRepository } from './embeddings/embedding.repository.js';
import { EMBEDDING_MODEL, embeddingSchema } from './embeddings/embedding.schema.js';
import { EmbeddingsController } from './embeddings/embeddings.controller.js';
import { ComputeActivationMapsEffect, ComputeEmbeddingsEffect } from './image-insights/compute-insight.effect.js';
import { ComputeInsight } from './image-insights/compute-insight.usecase.js';
import { FindInsights } from './image-insights/find-insights.usecase.js';
import { FindLostInsights } from './image-insights/find-lost-insights.usecase.js';
import { ImageInsightRepository } from './image-insights/image-insight.repository.js';
import {
  IMAGE_INSIGHT_MODEL,
  imageInsightSchema,
  OVERLAY_MODEL,
  overlaySchema,
} from './image-insights/image-insight.schema.js';
import { ImageInsightsController } from './image-insights/image-insights.controller.js';
import { OverlayRepository } from './image-insights/overlay.repository.js';
import { RecordOverlays } from './image-insights/record-overlays.usecase.js';
import { RemoveInsights } from './image-insights/remove-insights.usecase.js';
import { SweepInsights } from './image-insights/sweep-insights.usecase.js';
import { ComparisonTurns } from './similarity/comparison-turns.js';
import { FindNearDuplicates } from './similarity/find-near-duplicates.usecase.js';
import { FindSimilarImages } from './similarity/find-similar-images.usecase.js';
import { ImageColumns } from './similarity/image-columns.js';
import { SearchReport } from './similarity/search-report.js';
import { SimilarImagesController } from './similarity/similar-images.controller.js';
import { VectorCache } from './similarity/vector-cache.js';

const REPOSITORIES = [EmbeddingRepository, ImageInsightRepository, OverlayRepository];

/** The service's collections, for its use cases and for the effects of its jobs. */
@Global()
@Module({
  imports: [
    MongooseModule.forFeature([
      { name: EMBEDDING_MODEL, schema: embeddingSchema },
      { name: IMAGE_INSIGHT_MODEL, schema: imageInsightSchema },
      { name: OVERLAY_MODEL, schema: overlaySchema },
    ]),
  ],
  providers: REPOSITORIES,
  exports: REPOSITORIES,
})
class InsightsRepositoriesModule {}

@Module({})
export class InsightsModule {
  static register(config: InsightsConfig): DynamicModule {
    return {
      module: InsightsModule,
      imports: [
        InsightsRepositoriesModule,
        JobOwnerModule.register({
          owner: 'insights',
          redisUrl: config.REDIS_URL,
          queuePrefix: config.QUEUE_PREFIX,
          effects: [ComputeActivationMapsEffect, ComputeEmbeddingsEffect, EmbedContentEffect],
          imports: [InsightsRepositoriesModule],
        }),
      ],
      controllers: [ContentFactsController, EmbeddingsController, ImageInsightsController, SimilarImagesController],
      providers: [
        { provide: INSIGHTS_CONFIG, useValue: config },
        ComparisonTurns,
        ComputeInsight,
        EmbedContent,
        FindInsights,
        FindLostInsights,
        FindNearDuplicates,
        FindSimilarImages,
        ImageColumns,
        RecordOverlays,
        RemoveInsights,
        SearchReport,
        SweepInsights,
        VectorCache,
      ],
    };
  }
}
