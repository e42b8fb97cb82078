import { Controller, Param, Req, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { V1_PREDICTION, V1_TRAINING } from '../addresses.js';
import * as inputs from '../operations/inputs.js';
import { Predictions, type PredictionInput } from '../operations/predictions.js';
import * as queries from '../operations/queries.js';
import { AnswerInterceptor, Delete, Post } from '../route.js';
import { readModel } from '../wire/body.js';
import { readQuery } from '../wire/query.js';
import * as models from './models.js';

@ApiTags('v1.2 predictions')
@UseInterceptors(AnswerInterceptor)
@Controller(`${V1_TRAINING}/projects/:projectId`)
export class StoredPredictionsControllerV1 {
  constructor(private readonly predictions: Predictions) {}

  @Post('quicktest/image', {
    id: 'QuickTestImage',
    summary: 'Show an image to an iteration',
    query: queries.quickTestQuery,
    upload: true,
    answer: models.imagePrediction,
  })
  async quickTest(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return models.toImagePrediction(await this.predictions.ofUpload(request, project, quickTestOf(request)));
  }

  @Post('quicktest/url', {
    id: 'QuickTestImageUrl',
    summary: 'Show an image elsewhere to an iteration',
    query: queries.quickTestQuery,
    body: inputs.imageUrl,
    answer: models.imagePrediction,
  })
  async quickTestUrl(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const input = quickTestOf(request);
    const { url } = await readModel(request, inputs.imageUrl);
    return models.toImagePrediction(await this.predictions.ofUrl(project, url, input));
  }

  @Post('predictions/query', {
    id: 'QueryPredictionResults',
    role: 'reader',
    summary: 'List stored predictions',
    body: inputs.predictionQueryToken,
    answer: models.predictionQuery,
  })
  async query(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const token = await readModel(request, inputs.predictionQueryToken);
    return models.toPredictionQuery(await this.predictions.query(request, project, token));
  }

  @Delete('predictions', {
    id: 'DeletePrediction',
    summary: 'Delete stored predictions',
    query: queries.deletePredictionsQuery,
  })
  delete(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.predictions.delete(project, readQuery(request, queries.deletePredictionsQuery).ids);
  }
}

/** By the default iteration, or by the one that is named. */
@ApiTags('v1.1 prediction')
@UseInterceptors(AnswerInterceptor)
@Controller(`${V1_PREDICTION}/:projectId`)
export class PredictControllerV1 {
  constructor(private readonly predictions: Predictions) {}

  @Post('image', {
    id: 'PredictImage',
    summary: 'Classify an image and keep it',
    query: queries.predictQuery,
    upload: true,
    answer: models.imagePrediction,
  })
  async image(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return models.toImagePrediction(await this.predictions.ofUpload(request, project, predictionOf(request, true)));
  }

  @Post('image/nostore', {
    id: 'PredictImageWithNoStore',
    role: 'reader',
    summary: 'Classify an image',
    query: queries.predictQuery,
    upload: true,
    answer: models.imagePrediction,
  })
  async imageNoStore(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return models.toImagePrediction(await this.predictions.ofUpload(request, project, predictionOf(request, false)));
  }

  @Post('url', {
    id: 'PredictImageUrl',
    summary: 'Classify an image elsewhere and keep it',
    query: queries.predictQuery,
    body: inputs.imageUrl,
    answer: models.imagePrediction,
  })
  async url(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const input = predictionOf(request, true);
    const { url } = await readModel(request, inputs.imageUrl);
    return models.toImagePrediction(await this.predictions.ofUrl(project, url, input));
  }

  @Post('url/nostore', {
    id: 'PredictImageUrlWithNoStore',
    role: 'reader',
    summary: 'Classify an image elsewhere',
    query: queries.predictQuery,
    body: inputs.imageUrl,
    answer: models.imagePrediction,
  })
  async urlNoStore(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const input = predictionOf(request, false);
    const { url } = await readModel(request, inputs.imageUrl);
    return models.toImagePrediction(await this.predictions.ofUrl(project, url, input));
  }
}

function quickTestOf(request: FastifyRequest): PredictionInput {
  const { iterationId } = readQuery(request, queries.quickTestQuery);
  return { iterationId, store: true, orNewest: true, purpose: 'quick-test' };
}

function predictionOf(request: FastifyRequest, store: boolean): PredictionInput {
  const { iterationId, application } = readQuery(request, queries.predictQuery);
  return { iterationId, application, store, orNewest: false, purpose: 'prediction' };
}
