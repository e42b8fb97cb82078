import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiAcceptedResponse, ApiBody, ApiConsumes, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import {
  MAX_PREDICTION_DATASETS_PER_PAGE,
  predictionDatasetContracts,
  projectContracts,
  type RequestOf,
} from '@pentaprism/contracts';
import { collect, type BodyConfig } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { DatasetUploads } from './dataset-uploads.js';
import { fileNameOfUrl } from './wire/dataset.js';
import { PREDICTION_FORM } from './wire/form.js';
import { linkTo, statusLink } from './wire/links.js';
import { pageOf, toPage } from './wire/paging.js';
import { existingId } from './wire/parameters.js';
import {
  createdPredictionDatasetBody,
  fromDatasetBody,
  fromUrlBody,
  predictionDatasetBody,
  predictionDatasetsQuery,
  toPredictionDatasetBody,
} from './wire/prediction.js';

type Source = RequestOf<typeof predictionDatasetContracts.create>['source'];

const keyOf = (projectId: string, datasetId: string) => ({
  projectId: existingId(projectId, 'project'),
  predictionDatasetId: existingId(datasetId, 'prediction dataset'),
});

/** Data whose rows are to be predicted by models of a project. */
@ApiTags('predictions')
@Controller('api/v2/projects/:projectId/predictionDatasets')
export class PredictionDatasetsController {
  constructor(
    private readonly bus: Bus,
    private readonly uploads: DatasetUploads,
  ) {}

  @Post('fileUploads')
  @HttpCode(202)
  @RouteConfig({ multipart: true } satisfies BodyConfig)
  @ApiConsumes('multipart/form-data')
  @ApiBody({ schema: PREDICTION_FORM })
  @ApiOperation({ operationId: 'uploadPredictionDataset', summary: 'Upload data to predict' })
  @ApiAcceptedResponse({ standardSchema: createdPredictionDatasetBody })
  async upload(
    @Param('projectId') id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    // Before the bytes, which may be many.
    await this.bus.call(projectContracts.resolve, { id: existingId(id, 'project') });
    const { content, fileName } = await this.uploads.receive(request, {});
    return this.create(id, { kind: 'new', fileName, source: { kind: 'content', content } }, request, reply);
  }

  @Post('urlUploads')
  @HttpCode(202)
  @ApiOperation({ operationId: 'createPredictionDatasetFromUrl', summary: 'Fetch data to predict from a URL' })
  @ApiAcceptedResponse({ standardSchema: createdPredictionDatasetBody })
  fetch(
    @Param('projectId') id: string,
    @Body({ schema: fromUrlBody }) { url }: z.output<typeof fromUrlBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return this.create(id, { kind: 'new', fileName: fileNameOfUrl(url), source: { kind: 'url', url } }, request, reply);
  }

  @Post('datasetUploads')
  @HttpCode(202)
  @ApiOperation({ operationId: 'createPredictionDatasetFromDataset', summary: 'Use a dataset as data to predict' })
  @ApiAcceptedResponse({ standardSchema: createdPredictionDatasetBody })
  use(
    @Param('projectId') id: string,
    @Body({ schema: fromDatasetBody }) { datasetId, datasetVersionId: version }: z.output<typeof fromDatasetBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const source = { kind: 'dataset', datasetId, ...(version ? { versionId: version } : {}) } as const;
    return this.create(id, source, request, reply);
  }

  @Get()
  @ApiOperation({ operationId: 'listPredictionDatasets', summary: 'List data to predict, newest first' })
  @ApiOkResponse({ standardSchema: pageOf(predictionDatasetBody) })
  async list(
    @Param('projectId') id: string,
    @Query({ schema: predictionDatasetsQuery }) paging: z.output<typeof predictionDatasetsQuery>,
    @Req() request: FastifyRequest,
  ) {
    const projectId = existingId(id, 'project');
    const read = async (offset: number, limit: number) => {
      const page = { projectId, offset, limit };
      const { predictionDatasets, total } = await this.bus.call(predictionDatasetContracts.list, page);
      return { items: predictionDatasets.map(toPredictionDatasetBody), total };
    };
    const link = linkTo(request, 'projects', id, 'predictionDatasets');
    return toPage(link, {}, paging, await collect(read, paging, MAX_PREDICTION_DATASETS_PER_PAGE));
  }

  @Get(':datasetId')
  @ApiOperation({ operationId: 'getPredictionDataset', summary: 'Get data to predict' })
  @ApiOkResponse({ standardSchema: predictionDatasetBody })
  async get(@Param('projectId') id: string, @Param('datasetId') datasetId: string) {
    return toPredictionDatasetBody(await this.bus.call(predictionDatasetContracts.get, keyOf(id, datasetId)));
  }

  @Delete(':datasetId')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deletePredictionDataset',
    summary: 'Delete data to predict, with what was predicted for it',
  })
  async delete(@Param('projectId') id: string, @Param('datasetId') datasetId: string): Promise<void> {
    await this.bus.call(predictionDatasetContracts.delete, keyOf(id, datasetId));
  }

  private async create(
    id: string,
    source: Source,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<z.output<typeof createdPredictionDatasetBody>> {
    const creation = { projectId: existingId(id, 'project'), source };
    const { id: datasetId, jobId } = await this.bus.call(predictionDatasetContracts.create, creation);
    void reply.header('Location', statusLink(request, jobId));
    return { datasetId, statusId: jobId };
  }
}
