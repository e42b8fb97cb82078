import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { MAX_PROJECT_IMAGES_PER_PAGE, modelingContracts } from '@pentaprism/contracts';
import { schemaFailure } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { openPortions } from './portions.js';
import { namingParameters } from './refusals.js';
import { sendPage } from './streams.js';
import { duplicateImage, duplicatesQuery, imageColumn, imageMetadata, imageSamplesQuery } from './wire/image.js';
import { linkTo } from './wire/links.js';
import { pageOf } from './wire/paging.js';
import { projectIdOf, REST_OF_PATH, restOfPath } from './wire/parameters.js';

/** The images of a project's rows. */
@ApiTags('images')
@Controller('api/v2/projects/:projectId')
export class ProjectImagesController {
  constructor(private readonly bus: Bus) {}

  @Get('imageSamples')
  @ApiOperation({ operationId: 'listImageSamples', summary: 'List images of a project before it has a target' })
  @ApiOkResponse({ standardSchema: pageOf(imageMetadata) })
  async listSamples(
    @Param('projectId') id: string,
    @Query({ schema: imageSamplesQuery }) { featureName, ...paging }: z.output<typeof imageSamplesQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const filter = { projectId: projectIdOf(id), ...(featureName === undefined ? {} : { column: featureName }) };
    const read = async (offset: number, limit: number) => {
      const listed = this.bus.call(modelingContracts.images, { ...filter, offset, limit });
      const { images, total } = await namingParameters(listed, { column: 'featureName' });
      return { items: images, total };
    };
    const page = { link: linkTo(request, 'projects', id, 'imageSamples'), filters: { featureName }, paging };
    const opened = await openPortions(read, paging, MAX_PROJECT_IMAGES_PER_PAGE);
    sendPage({ request, reply }, page, opened, ({ imageId, width, height }) => ({ imageId, width, height }));
  }

  @Get(`duplicateImages/${REST_OF_PATH}`)
  @ApiOperation({ operationId: 'listDuplicateImages', summary: 'List images that two rows or more have' })
  @ApiParam({ name: 'path', description: 'Name of an image column; it may have slashes' })
  @ApiOkResponse({ standardSchema: pageOf(duplicateImage) })
  async listDuplicates(
    @Param('projectId') id: string,
    @Query({ schema: duplicatesQuery }) paging: z.output<typeof duplicatesQuery>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const filter = { projectId: projectIdOf(id), column: columnOf(restOfPath(request)) };
    const read = async (offset: number, limit: number) => {
      const { images, total } = await this.bus.call(modelingContracts.duplicates, { ...filter, offset, limit });
      return { items: images, total };
    };
    const page = { link: linkTo(request, 'projects', id, 'duplicateImages', filter.column), paging };
    const opened = await openPortions(read, paging, MAX_PROJECT_IMAGES_PER_PAGE);
    sendPage({ request, reply }, page, opened, ({ imageId, rowCount }) => ({ imageId, rowCount }));
  }
}

function columnOf(text: string): string {
  const parsed = imageColumn.safeParse(text);
  if (parsed.success) return parsed.data;
  throw schemaFailure(parsed.error.issues.map((issue) => ({ ...issue, path: ['column'] })));
}
