import { Controller, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ImageInsights } from './image-insights.js';
import { sendInsights } from './streams.js';
import {
  activationMapOf,
  activationMapsBody,
  activationMapsQuery,
  computedInsight,
  computedQuery,
  toActivationMap,
} from './wire/image-insight.js';
import { jobBody } from './wire/job.js';
import { pageOf } from './wire/paging.js';

/** Which places of images the predictions of models rest on. */
@ApiTags('insights')
@Controller('api/v2/projects/:projectId')
export class ImageActivationMapsController {
  constructor(private readonly insights: ImageInsights) {}

  @Get('imageActivationMaps')
  @ApiOperation({
    operationId: 'listImageActivationMapModels',
    summary: 'List the models of a project with activation maps',
  })
  @ApiOkResponse({ standardSchema: pageOf(computedInsight) })
  async listModels(
    @Param('projectId') id: string,
    @Query({ schema: computedQuery }) paging: z.output<typeof computedQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const of = { id, path: 'imageActivationMaps' };
    await this.insights.sendComputed({ request, reply }, 'activation-maps', of, paging);
  }

  @Post('models/:modelId/imageActivationMaps')
  @HttpCode(202)
  @ApiOperation({
    operationId: 'computeImageActivationMaps',
    summary: 'Compute activation maps of the images of a model',
  })
  @ApiAcceptedResponse({ standardSchema: jobBody })
  compute(
    @Param('projectId') id: string,
    @Param('modelId') model: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof jobBody>> {
    return this.insights.compute({ request, reply }, 'activation-maps', { id, model });
  }

  @Get('models/:modelId/imageActivationMaps')
  @ApiOperation({ operationId: 'listImageActivationMaps', summary: 'List activation maps of the images of a model' })
  @ApiOkResponse({ standardSchema: activationMapsBody })
  async list(
    @Param('projectId') projectId: string,
    @Param('modelId') model: string,
    @Query({ schema: activationMapsQuery }) query: z.output<typeof activationMapsQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { featureName, offset, limit } = query;
    const insight = await this.insights.find('activation-maps', { id: projectId, model }, featureName);
    await sendInsights({ request, reply }, insight && (() => this.insights.lines(request, insight)), {
      list: 'activationMaps',
      members: {
        activationMapHeight: insight?.map?.height ?? null,
        activationMapWidth: insight?.map?.width ?? null,
      },
      offset,
      limit: limit === 0 ? Infinity : limit,
      toItem: (header, line) => toActivationMap(request, { projectId, featureName }, header, activationMapOf(line)),
    });
  }
}
