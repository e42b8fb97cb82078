import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { imageContracts, ingestContracts } from '@pentaprism/contracts';
import { FileUrls, principalOf } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { ImagePages } from './image-pages.js';
import { numberOf } from './numbers.js';
import {
  imageBrowsePage,
  imageCreatedResponse,
  imageCreateInput,
  imageListQuery,
  imageRecord,
  imageUpdateInput,
  type ImageListQuery,
  type ImageRecord,
} from './wire.js';

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
    const url = await this.urls.sign(request, 'PUT', principalOf(request).workspace, image);
    return { id: image.number, upload_url: url };
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getImage', summary: 'Get an individual Image Record' })
  @ApiOkResponse({ standardSchema: imageRecord })
  async get(@Param('id') id: string, @Req() request: FastifyRequest): Promise<ImageRecord> {
    return this.pages.record(request, await this.bus.call(imageContracts.get, { number: numberOf(id, 'image') }));
  }

  @Put(':id')
  @ApiOperation({ operationId: 'updateImage', summary: 'Replace the tags of an Image Record' })
  @ApiOkResponse({ standardSchema: imageRecord })
  async update(
    @Param('id') id: string,
    @Body({ schema: imageUpdateInput }) { tags }: typeof imageUpdateInput._output,
    @Req() request: FastifyRequest,
  ): Promise<ImageRecord> {
    const image = { number: numberOf(id, 'image') };
    const updated = tags
      ? await this.bus.call(ingestContracts.setTags, { image, tagNames: tags })
      : await this.bus.call(imageContracts.get, image);
    return this.pages.record(request, updated);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteImage', summary: 'Delete an individual Image Record' })
  async delete(@Param('id') id: string): Promise<void> {
    await this.bus.call(imageContracts.delete, { number: numberOf(id, 'image') });
  }
}
