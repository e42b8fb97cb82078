import { Body, Controller, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { predictedRow, tablePredictionContracts, type TablePrediction } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { Contents, principalOf } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { linesOf } from './lines.js';
import { sendJson } from './streams.js';
import { jobLink } from './wire/links.js';
import { existingId } from './wire/parameters.js';
import { predictBody, predictionsBody, toPredictionBody, toPredictionsHead } from './wire/prediction.js';
import { statusReference } from './wire/status.js';

/** What models predict for the rows of prediction datasets. */
@ApiTags('predictions')
@Controller('api/v2/projects/:projectId/predictions')
export class PredictionsController {
  constructor(
    private readonly bus: Bus,
    private readonly contents: Contents,
  ) {}

  @Post()
  @HttpCode(202)
  @ApiOperation({ operationId: 'createPredictions', summary: 'Predict the rows of a prediction dataset by a model' })
  @ApiAcceptedResponse({ standardSchema: statusReference })
  async predict(
    @Param('projectId') id: string,
    @Body({ schema: predictBody }) { modelId, datasetId }: z.output<typeof predictBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof statusReference>> {
    const projectId = existingId(id, 'project');
    const { jobId, jobNumber } = await this.bus.call(tablePredictionContracts.predict, {
      projectId,
      candidateId: existingId(modelId, 'model'),
      predictionDatasetId: existingId(datasetId, 'prediction dataset'),
    });
    void reply.header('Location', jobLink(request, projectId, jobNumber, 'predictJobs'));
    return { statusId: jobId };
  }

  @Get(':predictionId')
  @ApiOperation({ operationId: 'getPredictions', summary: 'Get what was predicted for each row' })
  @ApiOkResponse({ standardSchema: predictionsBody })
  async get(
    @Param('projectId') id: string,
    @Param('predictionId') predictionId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const key = {
      projectId: existingId(id, 'project'),
      predictionId: existingId(predictionId, 'prediction'),
    };
    const prediction = await this.bus.call(tablePredictionContracts.get, key);
    const { file } = prediction;
    if (!file) throw new DomainError('NOT_FOUND', 'There is no such prediction.');
    const content = { ...file, area: 'models', workspace: principalOf(request).workspace } as const;
    // The record may be removed, and the file with it, in between.
    const open = async () => linesOf(await this.contents.open(content, { mayBeGone: true }));
    await sendJson({ request, reply }, open, (lines) => predictionsText(prediction, lines));
  }
}

/** Writes the answer row by row, because there may be a gigabyte of it. */
async function* predictionsText(prediction: TablePrediction, lines: AsyncIterable<string[]>) {
  let separator = `${JSON.stringify(toPredictionsHead(prediction)).slice(0, -1)},"predictions":[`;
  for await (const some of lines) {
    yield separator + some.map((line) => JSON.stringify(toPredictionBody(rowOf(line), prediction))).join();
    separator = ',';
  }
  yield separator === ',' ? ']}' : `${separator}]}`;
}

const rowOf = (line: string) => predictedRow.parse(JSON.parse(line));
