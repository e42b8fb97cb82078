import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Post, Query, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiAcceptedResponse,
  ApiBody,
  ApiConsumes,
  ApiOkResponse,
  ApiOperation,
  ApiProduces,
  ApiTags,
} from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import {
  datasetContracts as datasets,
  MAX_COLUMNS_PER_CALL,
  modelingContracts,
  type DatasetColumn,
  type RequestOf,
} from '@pentaprism/contracts';
import { DomainError, MAX_PAGE_SIZE } from '@pentaprism/domain';
import { collect, Contents, principalOf, type BodyConfig } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { DatasetUploads } from './dataset-uploads.js';
import { featureBody, featuresQuery, sortColumns, toFeatureBody } from './wire/dataset-feature.js';
import {
  createdDatasetBody,
  datasetBody,
  datasetProject,
  datasetProjectsQuery,
  datasetsQuery,
  fileNameOfUrl,
  fromUrlBody,
  orderOf,
  patchDatasetBody,
  savedNameOf,
  toDatasetBody,
} from './wire/dataset.js';
import { DATASET_FORM, parseCategories } from './wire/form.js';
import { linkTo, projectLink, statusLink } from './wire/links.js';
import { pageOf, toPage } from './wire/paging.js';
import { datasetIdOf } from './wire/parameters.js';

@ApiTags('datasets')
@Controller('api/v2/datasets')
export class DatasetsController {
  constructor(
    private readonly bus: Bus,
    private readonly contents: Contents,
    private readonly uploads: DatasetUploads,
  ) {}

  @Post('fromFile')
  @HttpCode(202)
  @RouteConfig({ multipart: true } satisfies BodyConfig)
  @ApiConsumes('multipart/form-data')
  @ApiBody({ schema: DATASET_FORM })
  @ApiOperation({ operationId: 'createDatasetFromFile', summary: 'Create a dataset from an uploaded file' })
  @ApiAcceptedResponse({ standardSchema: createdDatasetBody })
  async createFromFile(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply) {
    const { content, fileName, fields } = await this.uploads.receiveDataset(request, { categories: parseCategories });
    const { categories = [] } = fields;
    const source = { kind: 'content', content } as const;
    return this.create(request, reply, { name: fileName, fileName, categories, source });
  }

  @Post('fromURL')
  @HttpCode(202)
  @ApiOperation({ operationId: 'createDatasetFromUrl', summary: 'Create a dataset from the file at a URL' })
  @ApiAcceptedResponse({ standardSchema: createdDatasetBody })
  async createFromUrl(
    @Body({ schema: fromUrlBody }) { url, name, categories }: z.output<typeof fromUrlBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const fileName = fileNameOfUrl(url);
    return this.create(request, reply, { name: name ?? fileName, fileName, categories, source: { kind: 'url', url } });
  }

  @Get()
  @ApiOperation({ operationId: 'listDatasets', summary: 'List datasets' })
  @ApiOkResponse({ standardSchema: pageOf(datasetBody) })
  async list(@Query({ schema: datasetsQuery }) query: z.output<typeof datasetsQuery>, @Req() request: FastifyRequest) {
    const { offset, limit, ...filters } = query;
    const filter = { category: filters.category, order: orderOf(filters.orderBy) };
    const read = async (from: number, count: number) => {
      const found = await this.bus.call(datasets.list, { ...filter, offset: from, limit: count });
      return { items: found.datasets.map(toDatasetBody), total: found.total };
    };
    const found = await collect(read, { offset, limit }, MAX_PAGE_SIZE);
    return toPage(linkTo(request, 'datasets'), filters, { offset, limit }, found);
  }

  @Get(':datasetId')
  @ApiOperation({ operationId: 'getDataset', summary: 'Get a dataset' })
  @ApiOkResponse({ standardSchema: datasetBody })
  async get(@Param('datasetId') id: string) {
    return toDatasetBody(await this.find(id));
  }

  @Patch(':datasetId')
  @ApiOperation({ operationId: 'updateDataset', summary: 'Change the name or the categories of a dataset' })
  @ApiOkResponse({ standardSchema: datasetBody })
  async update(
    @Param('datasetId') id: string,
    @Body({ schema: patchDatasetBody.optional() }) changes: z.output<typeof patchDatasetBody> | undefined,
  ) {
    return toDatasetBody(await this.bus.call(datasets.update, { datasetId: datasetIdOf(id), ...changes }));
  }

  @Delete(':datasetId')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteDataset', summary: 'Delete a dataset' })
  async delete(@Param('datasetId') id: string): Promise<void> {
    await this.bus.call(datasets.delete, { datasetId: datasetIdOf(id) });
  }

  @Get(':datasetId/allFeaturesDetails')
  @ApiOperation({ operationId: 'listDatasetFeatures', summary: 'List the features of a dataset' })
  @ApiOkResponse({ standardSchema: pageOf(featureBody) })
  async listFeatures(
    @Param('datasetId') id: string,
    @Query({ schema: featuresQuery }) { orderBy, ...paging }: z.output<typeof featuresQuery>,
    @Req() request: FastifyRequest,
  ) {
    const dataset = await this.find(id);
    const columns = sortColumns(await this.columnsOf(dataset.id), orderBy);
    const end = paging.limit === 0 ? columns.length : paging.offset + paging.limit;
    const items = columns.slice(paging.offset, end).map((column) => toFeatureBody(dataset, column));
    const link = linkTo(request, 'datasets', id, 'allFeaturesDetails');
    return toPage(link, { orderBy }, paging, { items, total: columns.length });
  }

  @Get(':datasetId/file')
  @ApiOperation({ operationId: 'getDatasetFile', summary: 'Get the rows of a dataset as CSV' })
  @ApiProduces('text/csv')
  @ApiOkResponse({ description: 'The rows', schema: { type: 'string' } })
  async getFile(
    @Param('datasetId') id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const dataset = await this.find(id);
    if (!dataset.table) throw new DomainError('FAILED_PRECONDITION', 'The rows of this dataset are not known yet.');
    const { workspace } = principalOf(request);
    const content = { ...dataset.table, area: 'datasets', workspace, mediaType: 'text/csv; charset=utf-8' } as const;
    await this.contents.send(request, reply, content, { fileName: savedNameOf(dataset.name, '.csv'), mayBeGone: true });
  }

  @Get(':datasetId/projects')
  @ApiOperation({ operationId: 'listDatasetProjects', summary: 'List the projects made of a dataset' })
  @ApiOkResponse({ standardSchema: pageOf(datasetProject) })
  async listProjects(
    @Param('datasetId') id: string,
    @Query({ schema: datasetProjectsQuery }) paging: z.output<typeof datasetProjectsQuery>,
    @Req() request: FastifyRequest,
  ) {
    const datasetId = datasetIdOf(id);
    const read = async (offset: number, limit: number) => {
      const { projectIds, total } = await this.bus.call(modelingContracts.ofDataset, { datasetId, offset, limit });
      // No other members: the client refuses them here.
      return { items: projectIds.map((each) => ({ id: each, url: projectLink(request, each) })), total };
    };
    const found = await collect(read, paging, MAX_PAGE_SIZE);
    return toPage(linkTo(request, 'datasets', id, 'projects'), {}, paging, found);
  }

  private find(id: string) {
    return this.bus.call(datasets.get, { datasetId: datasetIdOf(id) });
  }

  private async create(
    request: FastifyRequest,
    reply: FastifyReply,
    described: RequestOf<typeof datasets.create>,
  ): Promise<z.output<typeof createdDatasetBody>> {
    const { id, versionId, jobId } = await this.bus.call(datasets.create, described);
    void reply.header('Location', statusLink(request, jobId));
    return { catalogId: id, catalogVersionId: versionId, statusId: jobId };
  }

  private async columnsOf(datasetId: string): Promise<DatasetColumn[]> {
    const read = async (offset: number, limit: number) => {
      const { columns, total } = await this.bus.call(datasets.columns, { datasetId, offset, limit });
      return { items: columns, total };
    };
    return (await collect(read, { offset: 0, limit: 0 }, MAX_COLUMNS_PER_CALL)).items;
  }
}
