import { Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ImageInsights } from './image-insights.js';
import { sendInsights } from './streams.js';
import {
  computedInsight,
  computedQuery,
  embeddingOf,
  embeddingsBody,
  embeddingsQuery,
  toEmbedding,
} from './wire/image-insight.js';
import { jobBody } from './wire/job.js';
import { pageOf } from './wire/paging.js';

/** Where the images of models lie in a plane, so that similar ones are near each other. */
@ApiTags('insights')
@Controller('api/v2/projects/:projectId')
export class ImageEmbeddingsController {
  constructor(private readonly insights: ImageInsights) {}

  @Get('imageEmbeddings')
  @ApiOperation({ operationId: 'listImageEmbeddingModels', summary: 'List the models of a project with embeddings' })
  @ApiOkResponse({ standardSchema: pageOf(computedInsight) })
  async listModels(
    @Param('projectId') id: string,
    @Query({ schema: computedQuery }) paging: z.output<typeof computedQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.insights.sendComputed({ request, reply }, 'embeddings', { id, path: 'imageEmbeddings' }, paging);
  }

  @Post('models/:modelId/imageEmbeddings')
  @HttpCode(202)
  @ApiOperation({ operationId: 'computeImageEmbeddings', summary: 'Compute the embeddings of the images of a model' })
  @ApiAcceptedResponse({ standardSchema: jobBody })
  compute(
    @Param('projectId') id: string,
    @Param('modelId') model: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof jobBody>> {
    return this.insights.compute({ request, reply }, 'embeddings', { id, model });
  }

  @Get('models/:modelId/imageEmbeddings')
  @ApiOperation({ operationId: 'listImageEmbeddings', summary: 'List the embeddings of the images of a model' })
  @ApiOkResponse({ standardSchema: embeddingsBody })
  async list(
    @Param('projectId') id: string,
    @Param('modelId') model: string,
    @Query({ schema: embeddingsQuery }) { featureName }: z.output<typeof embeddingsQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const insight = await this.insights.find('embeddings', { id, model }, featureName);
    await sendInsights({ request, reply }, insight && (() => this.insights.lines(request, insight)), {
      list: 'embeddings',
      toItem: (header, line) => toEmbedding(header, embeddingOf(line)),
    });
  }
}
