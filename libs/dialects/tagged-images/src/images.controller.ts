import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { imageContracts, ingestContracts } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { FileUrls, principalOf } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { ImagePages } from './image-pages.js';
import {
  imageBrowsePage,
  imageCreatedResponse,
  imageCreateInput,
  imageListQuery,
  imageRecord,
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
    private readonly pages: ImagePages,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'listImages', summary: 'List all Images, newest created ones first' })
  @ApiOkResponse({ standardSchema: imageBrowsePage })
  list(@Query({ schema: imageListQuery }) query: ImageListQuery, @Req() request: FastifyRequest) {
    return this.pages.page(request, query);
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
    return this.pages.record(request, await this.bus.call(imageContracts.get, { number: imageNumber(id) }));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteImage', summary: 'Delete an individual Image Record' })
  async delete(@Param('id') id: string): Promise<void> {
    await this.bus.call(imageContracts.delete, { number: imageNumber(id) });
  }
}
