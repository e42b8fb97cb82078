import { Controller, Get, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { tagContracts } from '@pentaprism/contracts';
import type { SerializedJson } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { ImagePages } from './image-pages.js';
import { checkSearch, imageSearchQuery, type ImageSearchQuery } from './tag-search.js';
import { imageBrowsePage } from './wire.js';

@ApiTags('search')
@Controller('v1/search/images')
export class SearchController {
  constructor(
    private readonly bus: Bus,
    private readonly pages: ImagePages,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'searchImages',
    summary: 'Search for images that carry all of some tags',
    description:
      'Pipe-delimited lists, of which one must name a tag. `exact_tags`: names, case sensitive, all of which must be on ' +
      'the image. `match_tags`: patterns, case insensitive, with `%` for any run of characters, each of which must match ' +
      'a tag of the image.',
  })
  @ApiOkResponse({ standardSchema: imageBrowsePage })
  async search(
    @Query({ schema: imageSearchQuery }) query: ImageSearchQuery,
    @Req() request: FastifyRequest,
  ): Promise<SerializedJson> {
    checkSearch(query);
    const { tagGroups } = await this.bus.call(tagContracts.resolve, {
      names: query.exact_tags,
      patterns: query.match_tags,
    });
    return this.pages.page(request, query, tagGroups);
  }
}
