import { Controller, Get, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiQuery, ApiTags } from '@nestjs/swagger';
import { DomainError } from '@pentaprism/domain';
import { Contents, type StoredContent } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DATA_BASE } from './addresses.js';
import { CACHE_CONTROL, forbidCaching, sendAnswer } from './answer.js';
import { imageKeyOf } from './blob-key.js';
import { Experiments } from './experiments/experiments.js';
import { ImagePlaces } from './experiments/image-places.js';
import { FeatureFlagsGuard } from './feature-flags.guard.js';
import { imageList, tags } from './models.js';
import { first, sampleOf } from './query.js';
import { toMediaType } from './wire.js';

/** The image plugin. */
@ApiTags('images')
@Controller(`${DATA_BASE}/plugin/images`)
@UseGuards(FeatureFlagsGuard)
export class ImagesController {
  constructor(
    private readonly experiments: Experiments,
    private readonly places: ImagePlaces,
    private readonly contents: Contents,
  ) {}

  @Get('tags')
  @ApiOperation({ operationId: 'listTags', summary: 'List the image tags of all runs' })
  @ApiOkResponse({ standardSchema: tags })
  async tags(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const index = await this.experiments.index(await this.experiments.of(request));
    await sendAnswer(request, reply, index.tags);
  }

  @Get('images')
  @ApiOperation({
    operationId: 'listImages',
    summary: 'List the kept events of a tag by their step, each with the query of one of its images',
  })
  @ApiQuery({ name: 'run', schema: { type: 'string' } })
  @ApiQuery({ name: 'tag', schema: { type: 'string' } })
  @ApiQuery({ name: 'sample', required: false, schema: { type: 'integer', minimum: 0, default: 0 } })
  @ApiOkResponse({ standardSchema: imageList })
  async images(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    forbidCaching(reply);
    const [run, tag] = [first(query, 'run'), first(query, 'tag')];
    if (run === undefined || tag === undefined) throw new DomainError('INVALID_ARGUMENT', 'Invalid run or tag');
    const sample = sampleOf(first(query, 'sample'));
    const list = await this.experiments.imageList(await this.experiments.of(request), run, tag, sample);
    await sendAnswer(request, reply, list);
  }

  @Get('individualImage')
  @ApiOperation({ operationId: 'getImage', summary: 'Get the bytes of an image by the query that a list has for it' })
  @ApiQuery({ name: 'blob_key', schema: { type: 'string' } })
  @ApiProduces('image/png', 'image/jpeg', 'image/gif', 'image/bmp', 'application/octet-stream')
  async individualImage(
    @Query() query: unknown,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    forbidCaching(reply);
    const key = imageKeyOf(first(query, 'blob_key'));
    const experiment = await this.experiments.of(request);
    const content = await this.places.find(experiment, key);
    try {
      await this.send(request, reply, content, { mayBeGone: true });
    } catch (error) {
      if (!DomainError.is(error, 'NOT_FOUND')) throw error;
      // The image was moved to another blob since its place was cached, or its event was replaced.
      await this.send(request, reply, await this.places.read(experiment, key), { mayBeGone: false });
    }
  }

  private send(
    request: FastifyRequest,
    reply: FastifyReply,
    content: StoredContent,
    { mayBeGone }: { readonly mayBeGone: boolean },
  ): Promise<void> {
    const shown = { ...content, mediaType: toMediaType(content.mediaType) };
    return this.contents.send(request, reply, shown, { mayBeGone, cacheControl: CACHE_CONTROL });
  }
}
