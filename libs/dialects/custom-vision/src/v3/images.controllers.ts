import { Controller, Param, Req, Res, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { V3_TRAINING } from '../addresses.js';
import { Images } from '../operations/images.js';
import * as inputs from '../operations/inputs.js';
import * as queries from '../operations/queries.js';
import { Uploads } from '../operations/uploads.js';
import { AnswerInterceptor, Delete, Get, Post, type RouteOptions } from '../route.js';
import { readModel } from '../wire/body.js';
import { refusal } from '../wire/codes.js';
import { readQuery, required } from '../wire/query.js';
import { isAtLeast, type Version } from '../wire/versions.js';
import * as models from './models.js';

/** The first version that answers 207 where something of a batch was not taken: clients of earlier ones raise on it. */
const MULTI_STATUS_SINCE: Version = '3.3';

const SUMMARY = {
  answer: models.imageCreateSummary,
  statusOf: ({ images }: models.ImageCreateSummary, version: Version) =>
    !isAtLeast(version, MULTI_STATUS_SINCE) || images.every(({ status }) => status.startsWith('OK')) ? 200 : 207,
} satisfies Partial<RouteOptions>;

@ApiTags('v3 images')
@UseInterceptors(AnswerInterceptor)
@Controller(`${V3_TRAINING}/projects/:projectId/images`)
export class ImagesControllerV3 {
  constructor(
    private readonly images: Images,
    private readonly uploads: Uploads,
  ) {}

  @Get('', { id: 'getImages', summary: 'List images', query: queries.imagesQuery, answer: z.array(models.image) })
  list(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const { taggingStatus: tagging = 'All', ...page } = readQuery(request, queries.imagesQuery);
    return this.images.list(request, project, { ...page, tagging });
  }

  @Get('count', { id: 'getImageCount', summary: 'Count images', query: queries.imageCountQuery, answer: models.count })
  count(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const { taggingStatus: tagging = 'All', ...selection } = readQuery(request, queries.imageCountQuery);
    return this.images.count(project, { ...selection, tagging });
  }

  @Get('id', {
    id: 'getImagesByIds',
    summary: 'Get images by id',
    query: queries.imagesByIdQuery,
    answer: z.array(models.image),
  })
  byIds(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const { imageIds = [], iterationId } = readQuery(request, queries.imagesByIdQuery);
    return this.images.byIds(request, project, imageIds, iterationId);
  }

  @Get('tagged', {
    id: 'getTaggedImages',
    summary: 'List images with tags, or with any of some',
    query: queries.taggedQuery,
    answer: z.array(models.image),
  })
  tagged(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.images.list(request, project, { ...readQuery(request, queries.taggedQuery), tagging: 'Tagged' });
  }

  @Get('tagged/count', {
    id: 'getTaggedImageCount',
    summary: 'Count images with tags',
    query: queries.taggedCountQuery,
    answer: models.count,
  })
  countTagged(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.images.count(project, { ...readQuery(request, queries.taggedCountQuery), tagging: 'Tagged' });
  }

  @Get('untagged', {
    id: 'getUntaggedImages',
    summary: 'List images without tags',
    query: queries.untaggedQuery,
    answer: z.array(models.image),
  })
  untagged(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.images.list(request, project, { ...readQuery(request, queries.untaggedQuery), tagging: 'Untagged' });
  }

  @Get('untagged/count', {
    id: 'getUntaggedImageCount',
    summary: 'Count images without tags',
    query: queries.iterationQuery,
    answer: models.count,
  })
  countUntagged(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.images.count(project, { ...readQuery(request, queries.iterationQuery), tagging: 'Untagged' });
  }

  @Post('', {
    id: 'createImagesFromData',
    summary: 'Upload images',
    query: queries.uploadQuery,
    upload: true,
    ...SUMMARY,
  })
  fromData(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.uploads.fromData(request, project, readQuery(request, queries.uploadQuery).tagIds ?? []);
  }

  @Post('files', {
    id: 'createImagesFromFiles',
    summary: 'Create images of base64',
    body: inputs.imageFileCreateBatch,
    ...SUMMARY,
  })
  fromFiles(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.uploads.fromFiles(request, project);
  }

  @Post('urls', {
    id: 'createImagesFromUrls',
    summary: 'Create images of URLs',
    body: inputs.imageUrlCreateBatch,
    ...SUMMARY,
  })
  async fromUrls(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.uploads.fromUrls(request, project, await readModel(request, inputs.imageUrlCreateBatch));
  }

  @Post('predictions', {
    id: 'createImagesFromPredictions',
    summary: 'Create images of stored predictions',
    body: inputs.imageIdCreateBatch,
    ...SUMMARY,
  })
  async fromPredictions(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.uploads.fromPredictions(request, project, await readModel(request, inputs.imageIdCreateBatch));
  }

  @Delete('', {
    id: 'deleteImages',
    summary: 'Delete images; iterations keep theirs',
    query: queries.deleteImagesQueryV3,
  })
  async delete(
    @Param('projectId') project: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const { imageIds, allImages, allIterations } = readQuery(request, queries.deleteImagesQueryV3);
    if (allIterations)
      throw refusal('BadRequestOperationNotSupported', 'Iterations keep their images: delete the iterations.');
    // It is not clear which of the two was meant, and one of them cannot be taken back.
    if (allImages && imageIds && imageIds.length > 0) throw refusal('BadRequest', 'Send either imageIds or allImages.');
    if (!allImages) return this.images.delete(project, required(imageIds, 'imageIds'));
    await this.images.deleteAll(project);
    // The original only says that it will.
    void reply.status(202);
  }

  @Post('tags', {
    id: 'createImageTags',
    summary: 'Give tags to images',
    body: inputs.imageTagCreateBatch,
    answer: models.imageTagCreateSummary,
  })
  async addTags(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.images.addTags(project, (await readModel(request, inputs.imageTagCreateBatch)).tags);
  }

  @Post('metadata', {
    id: 'updateImageMetadata',
    summary: 'Add to the metadata of images',
    query: queries.deleteImagesQuery,
    body: inputs.imageMetadata,
    answer: models.imageMetadataUpdateSummary,
    statusOf: ({ isBatchSuccessful }: models.ImageMetadataUpdateSummary, version: Version) =>
      !isAtLeast(version, MULTI_STATUS_SINCE) || isBatchSuccessful ? 200 : 207,
  })
  async addMetadata(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const { imageIds } = readQuery(request, queries.deleteImagesQuery);
    const metadata = await readModel(request, inputs.imageMetadata);
    return this.images.addMetadata(project, required(imageIds, 'imageIds'), metadata);
  }

  @Delete('tags', { id: 'deleteImageTags', summary: 'Take tags from images', query: queries.deleteImageTagsQuery })
  removeTags(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const { imageIds, tagIds } = readQuery(request, queries.deleteImageTagsQuery);
    return this.images.removeTags(project, imageIds, tagIds);
  }
}
