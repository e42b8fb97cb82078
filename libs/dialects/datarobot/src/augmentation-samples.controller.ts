import { Body, Controller, Get, Header, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { sampleContracts } from '@pentaprism/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Modelings } from './modelings.js';
import { samplesLink, statusLink } from './wire/links.js';
import { pageOf, toPage } from './wire/paging.js';
import { existingId, idempotencyKeyOf } from './wire/parameters.js';
import { requestSamplesOnceBody, sampleBody, samplesQuery, samplesRequestedBody } from './wire/sample.js';

/** The client shows it to its user. */
const DEPRECATION = 'Use imageAugmentationLists/{augmentationId}/samples/ instead.';

@ApiTags('image augmentation')
@Controller('api/v2/imageAugmentationSamples')
export class AugmentationSamplesController {
  constructor(
    private readonly bus: Bus,
    private readonly modelings: Modelings,
  ) {}

  @Post()
  @HttpCode(202)
  @Header('Deprecation', DEPRECATION)
  @ApiOperation({
    operationId: 'createImageAugmentationSamples',
    summary: 'Make samples without a list',
    deprecated: true,
  })
  @ApiAcceptedResponse({ standardSchema: samplesRequestedBody })
  async request(
    @Body({ schema: requestSamplesOnceBody }) body: z.output<typeof requestSamplesOnceBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof samplesRequestedBody>> {
    const { name: _, ...recipe } = body;
    const projectId = existingId(recipe.projectId, 'project');
    if (recipe.featureName !== null) await this.modelings.checkImageColumn(projectId, recipe.featureName);
    const asked = { ...recipe, ...idempotencyKeyOf(request) };
    const { jobId } = await this.bus.call(sampleContracts.requestOnce, asked);
    void reply.header('Location', statusLink(request, jobId));
    return { statusId: jobId };
  }

  @Get(':samplesId')
  @Header('Deprecation', DEPRECATION)
  @ApiOperation({ operationId: 'listImageAugmentationSamples', summary: 'List samples by their id', deprecated: true })
  @ApiOkResponse({ standardSchema: pageOf(sampleBody) })
  async list(
    @Param('samplesId') id: string,
    @Query({ schema: samplesQuery }) paging: z.output<typeof samplesQuery>,
    @Req() request: FastifyRequest,
  ) {
    const { samples: items, total } = await this.bus.call(sampleContracts.list, {
      samplesId: existingId(id, 'set of samples'),
      offset: paging.offset,
      limit: paging.limit || null,
    });
    return toPage(samplesLink(request, id), {}, paging, { items, total });
  }
}
