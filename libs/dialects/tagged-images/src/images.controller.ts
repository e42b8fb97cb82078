import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { imageContracts, ingestContracts, type Image } from '@pentaprism/contracts';
import { DomainError, MAX_PAGE_OFFSET } from '@pentaprism/domain';
import { collect, FileUrls, principalOf } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import {
  imageBrowsePage,
  imageCreatedResponse,
  imageCreateInput,
  imageListQuery,
  imageRecord,
  toBound,
  toImageRecord,
  toPage,
  type ImageBrowsePage,
  type ImageListQuery,
  type ImageRecord,
} from './wire.js';

/** Ids are positive integers; anything else is the id of no image. */
function imageNumber(id: string): number {
  if (!/^[1-9]\d{0,14}$/.test(id)) throw new DomainError('NOT_FOUND', 'There is no such image.');
  return Number(id);
}

@ApiTags('images')
@Controller('v1/images')
export class ImagesController {
  constructor(
    private readonly bus: Bus,
    private readonly urls: FileUrls,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'listImages', summary: 'List all Images, newest created ones first' })
  @ApiOkResponse({ standardSchema: imageBrowsePage })
  async list(
    @Query({ schema: imageListQuery }) query: ImageListQuery,
    @Req() request: FastifyRequest,
  ): Promise<ImageBrowsePage> {
    const { page, limit } = query;
    const filter = {
      createdFrom: toBound(query.start_timestamp),
      createdTo: toBound(query.end_timestamp),
      uploadedOnly: query.uploaded_only,
    };
    const read = async (offset: number, count: number) => {
      const { images, total } = await this.bus.call(imageContracts.list, { ...filter, offset, limit: count });
      return { items: images.map((image) => this.record(image, request)), total };
    };
    // A page beyond every limit is as empty as one past the end.
    const offset = Math.min(page * limit, MAX_PAGE_OFFSET);
    const { items, total } = await collect(read, { offset, limit }, limit);
    return toPage(items, { page, limit }, total);
  }

  @Post()
  @ApiOperation({ operationId: 'createImage', summary: 'Create an Image Record, without uploading the Image' })
  @ApiCreatedResponse({ standardSchema: imageCreatedResponse })
  async create(
    @Body({ schema: imageCreateInput }) body: typeof imageCreateInput._output,
    @Req() request: FastifyRequest,
  ) {
    const image = await this.bus.call(ingestContracts.addImage, {
      fileName: body.filename,
      announcedSize: body.size,
      tagNames: body.tags,
      content: null,
    });
    return { id: image.number, upload_url: this.urls.sign(request, 'PUT', principalOf(request).workspace, image.id) };
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getImage', summary: 'Get an individual Image Record' })
  @ApiOkResponse({ standardSchema: imageRecord })
  async get(@Param('id') id: string, @Req() request: FastifyRequest): Promise<ImageRecord> {
    return this.record(await this.bus.call(imageContracts.get, { number: imageNumber(id) }), request);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteImage', summary: 'Delete an individual Image Record' })
  async delete(@Param('id') id: string): Promise<void> {
    await this.bus.call(imageContracts.delete, { number: imageNumber(id) });
  }

  private record(image: Image, request: FastifyRequest): ImageRecord {
    const url = image.sha256 === null ? null : this.urls.sign(request, 'GET', principalOf(request).workspace, image.id);
    return toImageRecord(image, url);
  }
}
