import { Controller, Param, Req, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { V1_TRAINING } from '../addresses.js';
import { Images } from '../operations/images.js';
import * as inputs from '../operations/inputs.js';
import * as queries from '../operations/queries.js';
import { Uploads } from '../operations/uploads.js';
import { AnswerInterceptor, Delete, Get, Post } from '../route.js';
import { readModel } from '../wire/body.js';
import { readQuery, required } from '../wire/query.js';
import * as models from './models.js';

/** The nine operations that v1.2 is about. */
@ApiTags('v1.2 images')
@UseInterceptors(AnswerInterceptor)
@Controller(`${V1_TRAINING}/projects/:projectId/images`)
export class ImagesControllerV1 {
  constructor(
    private readonly images: Images,
    private readonly uploads: Uploads,
  ) {}

  @Post('', {
    id: 'CreateImagesFromData',
    summary: 'Upload images',
    query: queries.uploadQuery,
    upload: true,
    answer: models.imageCreateSummary,
  })
  async fromData(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const { tagIds = [] } = readQuery(request, queries.uploadQuery);
    return models.toImageCreateSummary(await this.uploads.fromData(request, project, tagIds));
  }

  @Post('files', {
    id: 'CreateImagesFromFiles',
    summary: 'Create images of base64',
    body: inputs.imageFileCreateBatch,
    answer: models.imageCreateSummary,
  })
  async fromFiles(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return models.toImageCreateSummary(await this.uploads.fromFiles(request, project));
  }

  @Post('urls', {
    id: 'CreateImagesFromUrls',
    summary: 'Create images of URLs',
    body: inputs.imageUrlCreateBatch,
    answer: models.imageCreateSummary,
  })
  async fromUrls(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const batch = await readModel(request, inputs.imageUrlCreateBatch);
    return models.toImageCreateSummary(await this.uploads.fromUrls(request, project, batch));
  }

  @Post('predictions', {
    id: 'CreateImagesFromPredictions',
    summary: 'Create images of stored predictions',
    body: inputs.imageIdCreateBatch,
    answer: models.imageCreateSummary,
  })
  async fromPredictions(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const batch = await readModel(request, inputs.imageIdCreateBatch);
    return models.toImageCreateSummary(await this.uploads.fromPredictions(request, project, batch));
  }

  @Get('tagged', {
    id: 'GetTaggedImages',
    summary: 'List images with tags, or with any of some',
    query: queries.taggedQuery,
    answer: z.array(models.image),
  })
  async tagged(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const page = { ...readQuery(request, queries.taggedQuery), tagging: 'Tagged' } as const;
    const images = await this.images.list(request, project, page);
    const predictions = await this.images.predictionsFor(project, page);
    return images.map((image) => models.toImage(image, predictions.get(image.id)));
  }

  @Get('untagged', {
    id: 'GetUntaggedImages',
    summary: 'List images without tags',
    query: queries.untaggedQuery,
    answer: z.array(models.image),
  })
  async untagged(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const page = { ...readQuery(request, queries.untaggedQuery), tagging: 'Untagged' } as const;
    return (await this.images.list(request, project, page)).map((image) => models.toImage(image));
  }

  @Delete('', {
    id: 'DeleteImages',
    summary: 'Delete images; iterations keep theirs',
    query: queries.deleteImagesQuery,
  })
  async delete(@Param('projectId') project: string, @Req() request: FastifyRequest): Promise<void> {
    const { imageIds } = readQuery(request, queries.deleteImagesQuery);
    await this.images.delete(project, required(imageIds, 'imageIds'));
  }

  @Post('tags', {
    id: 'PostImageTags',
    summary: 'Give tags to images',
    body: inputs.imageTagCreateBatch,
    answer: models.imageTagCreateSummary,
  })
  async addTags(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const { tags } = await readModel(request, inputs.imageTagCreateBatch);
    return models.toImageTagCreateSummary(await this.images.addTags(project, tags));
  }

  @Delete('tags', { id: 'DeleteImageTags', summary: 'Take tags from images', query: queries.deleteImageTagsQuery })
  removeTags(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const { imageIds, tagIds } = readQuery(request, queries.deleteImageTagsQuery);
    return this.images.removeTags(project, imageIds, tagIds);
  }
}
