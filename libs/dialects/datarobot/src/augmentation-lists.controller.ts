import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { collect } from '@pentaprism/http';
import { augmentationListContracts as lists, MAX_LISTS_PER_PAGE, sampleContracts } from '@pentaprism/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { Modelings } from './modelings.js';
import {
  createdListBody,
  createListBody,
  listBody,
  listsQuery,
  patchListBody,
  toListBody,
} from './wire/augmentation-list.js';
import { linkTo, listSamplesLink, statusLink } from './wire/links.js';
import { pageOf, toPage } from './wire/paging.js';
import { existingId, idempotencyKeyOf } from './wire/parameters.js';
import { requestSamplesBody, sampleBody, samplesQuery, samplesRequestedBody } from './wire/sample.js';

const listId = (text: string) => existingId(text, 'augmentation list');

@ApiTags('image augmentation')
@Controller('api/v2/imageAugmentationLists')
export class AugmentationListsController {
  constructor(
    private readonly bus: Bus,
    private readonly modelings: Modelings,
  ) {}

  @Post()
  @ApiOperation({ operationId: 'createImageAugmentationList', summary: 'Create an augmentation list' })
  @ApiCreatedResponse({ standardSchema: createdListBody })
  async create(
    @Body({ schema: createListBody }) settings: z.output<typeof createListBody>,
  ): Promise<z.output<typeof createdListBody>> {
    const { featureName } = settings;
    const projectId = existingId(settings.projectId, 'project');
    if (featureName !== null) await this.modelings.checkImageColumn(projectId, featureName);
    const { id } = await this.bus.call(lists.create, settings);
    return { augmentationListId: id };
  }

  @Get()
  @ApiOperation({ operationId: 'listImageAugmentationLists', summary: 'List the augmentation lists of a project' })
  @ApiOkResponse({ standardSchema: pageOf(listBody) })
  async list(@Query({ schema: listsQuery }) query: z.output<typeof listsQuery>, @Req() request: FastifyRequest) {
    const { offset, limit, ...filters } = query;
    const filter = { ...filters, projectId: existingId(filters.projectId, 'project') };
    const read = async (from: number, count: number) => {
      const found = await this.bus.call(lists.list, { ...filter, offset: from, limit: count });
      return { items: found.lists.map(toListBody), total: found.total };
    };
    const found = await collect(read, { offset, limit }, MAX_LISTS_PER_PAGE);
    return toPage(linkTo(request, 'imageAugmentationLists'), filters, { offset, limit }, found);
  }

  @Get(':augmentationId')
  @ApiOperation({ operationId: 'getImageAugmentationList', summary: 'Get an augmentation list' })
  @ApiOkResponse({ standardSchema: listBody })
  async get(@Param('augmentationId') id: string) {
    return toListBody(await this.bus.call(lists.get, { id: listId(id) }));
  }

  @Patch(':augmentationId')
  @HttpCode(204)
  @ApiOperation({ operationId: 'updateImageAugmentationList', summary: 'Change the given members of a list' })
  async update(
    @Param('augmentationId') id: string,
    @Body({ schema: patchListBody.optional() }) changes: z.output<typeof patchListBody> | undefined,
  ): Promise<void> {
    const key = { id: listId(id) };
    if (changes?.featureName) {
      const { projectId } = await this.bus.call(lists.get, key);
      await this.modelings.checkImageColumn(projectId, changes.featureName);
    }
    await this.bus.call(lists.update, { ...key, changes: changes ?? {} });
  }

  @Delete(':augmentationId')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteImageAugmentationList', summary: 'Delete a list and its samples' })
  async delete(@Param('augmentationId') id: string): Promise<void> {
    await this.bus.call(lists.delete, { id: listId(id) });
  }

  @Post(':augmentationId/samples')
  @HttpCode(202)
  @ApiOperation({ operationId: 'createImageAugmentationListSamples', summary: 'Make samples of a list' })
  @ApiAcceptedResponse({ standardSchema: samplesRequestedBody })
  async requestSamples(
    @Param('augmentationId') id: string,
    @Body({ schema: requestSamplesBody }) { numberOfRows }: z.output<typeof requestSamplesBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof samplesRequestedBody>> {
    const asked = { listId: listId(id), numberOfRows, ...idempotencyKeyOf(request) };
    const { jobId } = await this.bus.call(sampleContracts.request, asked);
    void reply.header('Location', statusLink(request, jobId));
    return { statusId: jobId };
  }

  @Get(':augmentationId/samples')
  @ApiOperation({ operationId: 'listImageAugmentationListSamples', summary: 'List the latest samples of a list' })
  @ApiOkResponse({ standardSchema: pageOf(sampleBody) })
  async listSamples(
    @Param('augmentationId') id: string,
    @Query({ schema: samplesQuery }) paging: z.output<typeof samplesQuery>,
    @Req() request: FastifyRequest,
  ) {
    const { samples: items, total } = await this.bus.call(sampleContracts.listOfList, {
      listId: listId(id),
      offset: paging.offset,
      limit: paging.limit || null,
    });
    return toPage(listSamplesLink(request, id), {}, paging, { items, total });
  }
}
