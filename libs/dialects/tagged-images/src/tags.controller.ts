import { Body, Controller, Delete, Get, HttpCode, Param, Post, Put, Query, Req } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { tagContracts } from '@pentaprism/contracts';
import { MAX_PAGE_OFFSET } from '@pentaprism/domain';
import { collect, type SerializedJson } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { ImagePages } from './image-pages.js';
import { numberOf } from './numbers.js';
import {
  imageBrowsePage,
  pageQuery,
  tag,
  tagBrowsePage,
  tagCreateInput,
  tagUpdateInput,
  toPage,
  toTag,
  type PageQuery,
  type Tag,
  type TagBrowsePage,
} from './wire.js';

@ApiTags('tags')
@Controller('v1/tags')
export class TagsController {
  constructor(
    private readonly bus: Bus,
    private readonly pages: ImagePages,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'listTags', summary: 'List all tags, in alphabetical order' })
  @ApiOkResponse({ standardSchema: tagBrowsePage })
  async list(@Query({ schema: pageQuery }) { page, limit }: PageQuery): Promise<TagBrowsePage> {
    const read = async (offset: number, count: number) => {
      const { tags, total } = await this.bus.call(tagContracts.list, { offset, limit: count });
      return { items: tags.map(toTag), total };
    };
    // A page beyond every limit is as empty as one past the end.
    const offset = Math.min(page * limit, MAX_PAGE_OFFSET);
    const { items, total } = await collect(read, { offset, limit }, limit);
    return toPage(items, { page, limit }, total);
  }

  @Post()
  @ApiOperation({ operationId: 'createTag', summary: 'Create a Tag Record, or find the one with this name' })
  @ApiCreatedResponse({ standardSchema: tag })
  async create(@Body({ schema: tagCreateInput }) { name }: typeof tagCreateInput._output): Promise<Tag> {
    const { tags } = await this.bus.call(tagContracts.ensure, { names: [name] });
    return tags.map(toTag)[0] as Tag;
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getTag', summary: 'Get an individual Tag Record' })
  @ApiOkResponse({ standardSchema: tag })
  async get(@Param('id') id: string): Promise<Tag> {
    return toTag(await this.bus.call(tagContracts.get, tagOf(id)));
  }

  @Put(':id')
  @ApiOperation({ operationId: 'updateTag', summary: 'Rename a Tag Record' })
  @ApiOkResponse({ standardSchema: tag })
  async rename(
    @Param('id') id: string,
    @Body({ schema: tagUpdateInput }) { name }: typeof tagUpdateInput._output,
  ): Promise<Tag> {
    return toTag(await this.bus.call(tagContracts.rename, { ...tagOf(id), name }));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteTag',
    summary: 'Delete an individual Tag Record',
    description: 'Does not delete associated images.',
  })
  async delete(@Param('id') id: string): Promise<void> {
    await this.bus.call(tagContracts.delete, tagOf(id));
  }

  @Get(':id/images')
  @ApiOperation({ operationId: 'getTagImages', summary: 'Get images associated with a Tag Record' })
  @ApiOkResponse({ standardSchema: imageBrowsePage })
  async images(
    @Param('id') id: string,
    @Query({ schema: pageQuery }) query: PageQuery,
    @Req() request: FastifyRequest,
  ): Promise<SerializedJson> {
    const found = await this.bus.call(tagContracts.get, tagOf(id));
    return this.pages.page(request, { ...query, uploaded_only: false }, [[found.id]]);
  }
}

function tagOf(id: string) {
  return { tag: { number: numberOf(id, 'tag') } };
}
