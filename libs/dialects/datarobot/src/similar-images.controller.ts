import { Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { projectContracts, similarImageContracts, type SimilarImages } from '@pentaprism/contracts';
import { MAX_DUPLICATE_GROUPS_PER_PAGE, MAX_QUERY_PICTURE_BYTES } from '@pentaprism/domain';
import type { BodyConfig } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { DatasetUploads } from './dataset-uploads.js';
import { openPortions } from './portions.js';
import { linkTo } from './wire/links.js';
import { toPage } from './wire/paging.js';
import { existingId, projectIdOf } from './wire/parameters.js';
import {
  nearDuplicatesPage,
  nearDuplicatesQuery,
  PICTURE_FORM,
  similarImagesBody,
  similarImagesQuery,
} from './wire/similar-image.js';

type Query = z.output<typeof similarImagesQuery>;
type Body = z.output<typeof similarImagesBody>;

const columnOf = (column: string | undefined) => (column === undefined ? {} : { column });

/** Images that look alike. DataRobot has no such routes. */
@ApiTags('images')
@Controller('api/v2/projects/:projectId')
export class SimilarImagesController {
  constructor(
    private readonly bus: Bus,
    private readonly uploads: DatasetUploads,
  ) {}

  @Get('nearDuplicates')
  @ApiOperation({ operationId: 'listNearDuplicates', summary: 'List groups of images that look alike' })
  @ApiOkResponse({ standardSchema: nearDuplicatesPage })
  async listNearDuplicates(
    @Param('projectId') id: string,
    @Query({ schema: nearDuplicatesQuery })
    { column, threshold, ...paging }: z.output<typeof nearDuplicatesQuery>,
    @Req() request: FastifyRequest,
  ): Promise<z.output<typeof nearDuplicatesPage>> {
    const filter = { projectId: projectIdOf(id), ...columnOf(column), threshold };
    let pendingCount = 0;
    const read = async (offset: number, limit: number) => {
      const { groups, total, pending } = await this.bus.call(similarImageContracts.nearDuplicates, {
        ...filter,
        offset,
        limit,
      });
      pendingCount = pending;
      return { items: groups, total };
    };
    const { total, portions } = await openPortions(read, paging, MAX_DUPLICATE_GROUPS_PER_PAGE);
    const items = [];
    for await (const portion of portions) items.push(...portion);
    const link = linkTo(request, 'projects', id, 'nearDuplicates');
    const filters = { column, threshold: String(threshold) };
    return { ...toPage(link, filters, paging, { items, total }), pendingCount };
  }

  @Get('images/:imageId/similar')
  @ApiOperation({ operationId: 'listSimilarImages', summary: 'List the images most similar to an image' })
  @ApiOkResponse({ standardSchema: similarImagesBody })
  async listSimilar(
    @Param('projectId') projectId: string,
    @Param('imageId') imageId: string,
    @Query({ schema: similarImagesQuery }) { column, limit }: Query,
  ): Promise<Body> {
    const key = { projectId: projectIdOf(projectId), imageId: existingId(imageId, 'image'), ...columnOf(column) };
    return toBody(await this.bus.call(similarImageContracts.similar, { ...key, limit }));
  }

  @Post('similarImages')
  @HttpCode(200)
  @RouteConfig({ multipart: true } satisfies BodyConfig)
  @ApiConsumes('multipart/form-data')
  @ApiBody({ schema: PICTURE_FORM })
  @ApiOperation({ operationId: 'searchSimilarImages', summary: 'List the images most similar to an uploaded picture' })
  @ApiOkResponse({ standardSchema: similarImagesBody })
  async search(
    @Param('projectId') id: string,
    @Query({ schema: similarImagesQuery }) { column, limit }: Query,
    @Req() request: FastifyRequest,
  ): Promise<Body> {
    const projectId = projectIdOf(id);
    // Before any byte is stored.
    await this.bus.call(projectContracts.resolve, { id: projectId });
    const limits = { maxBytes: MAX_QUERY_PICTURE_BYTES, area: 'predictions' } as const;
    const { content } = await this.uploads.receive(request, {}, limits);
    const query = { projectId, ...columnOf(column), content, limit };
    return toBody(await this.bus.call(similarImageContracts.similarToUpload, query));
  }
}

function toBody({ images, pending }: SimilarImages): Body {
  return { count: images.length, data: images, pendingCount: pending };
}
