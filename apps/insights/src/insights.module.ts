import { Global, Module, type DynamicModule } from '@nestjs/common';
import { MongooseModule } from '@nestjs/mongoose';
import { JobOwnerModule } from '@pentaprism/jobs';
import { EmbeddingRepository } from './adapters/mongo/embedding.repository.js';
import { EMBEDDING_MODEL, embeddingSchema } from './adapters/mongo/embedding.schema.js';
import type { InsightsConfig } from './config.js';
import { EmbeddingsController } from './rpc/embeddings.controller.js';
import { FactsController } from './rpc/facts.controller.js';
import { EmbedContentEffect } from './usecases/embed-content.effect.js';
import { EmbedContent } from './usecases/embed-content.usecase.js';

const REPOSITORIES = [EmbeddingRepository];

/** The service's collections, for its use cases and for the effects of its jobs. */
@Global()
@Module({
  imports: [MongooseModule.forFeature([{ name: EMBEDDING_MODEL, schema: embeddingSchema }])],
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
          effects: [EmbedContentEffect],
          imports: [InsightsRepositoriesModule],
        }),
      ],
      controllers: [EmbeddingsController, FactsController],
      providers: [EmbedContent],
    };
  }
}
