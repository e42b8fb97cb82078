import { Controller, Param, Req, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { V2_PREDICTION, V3_PREDICTION, V3_TRAINING } from '../addresses.js';
import * as inputs from '../operations/inputs.js';
import { Predictions, type PredictionInput } from '../operations/predictions.js';
import * as queries from '../operations/queries.js';
import { AnswerInterceptor, Delete, Post } from '../route.js';
import { readModel } from '../wire/body.js';
import { readQuery } from '../wire/query.js';
import * as models from './models.js';

@ApiTags('v3 predictions')
@UseInterceptors(AnswerInterceptor)
@Controller(`${V3_TRAINING}/projects/:projectId`)
export class StoredPredictionsControllerV3 {
  constructor(private readonly predictions: Predictions) {}

  @Post('quicktest/image', {
    id: 'quickTestImage',
    summary: 'Show an image to an iteration',
    query: queries.quickTestQueryV3,
    upload: true,
    answer: models.imagePrediction,
  })
  quickTest(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.predictions.ofUpload(request, project, quickTestOf(request));
  }

  @Post('quicktest/url', {
    id: 'quickTestImageUrl',
    summary: 'Show an image elsewhere to an iteration',
    query: queries.quickTestQueryV3,
    body: inputs.imageUrl,
    answer: models.imagePrediction,
  })
  async quickTestUrl(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const input = quickTestOf(request);
    return this.predictions.ofUrl(project, (await readModel(request, inputs.imageUrl)).url, input);
  }

  @Post('predictions/query', {
    id: 'queryPredictions',
    role: 'reader',
    summary: 'List stored predictions',
    body: inputs.predictionQueryToken,
    answer: models.predictionQueryResult,
  })
  async query(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.predictions.query(request, project, await readModel(request, inputs.predictionQueryToken));
  }

  @Delete('predictions', {
    id: 'deletePrediction',
    summary: 'Delete stored predictions',
    query: queries.deletePredictionsQuery,
  })
  delete(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.predictions.delete(project, readQuery(request, queries.deletePredictionsQuery).ids);
  }
}

@ApiTags('v3 predictions')
@UseInterceptors(AnswerInterceptor)
@Controller(`${V3_PREDICTION}/:projectId/classify/iterations/:publishedName`)
export class ClassifyControllerV3 {
  constructor(private readonly predictions: Predictions) {}

  @Post('image', {
    id: 'classifyImage',
    summary: 'Classify an image and keep it',
    query: queries.predictQueryV3,
    upload: true,
    answer: models.imagePrediction,
  })
  image(@Param('projectId') project: string, @Param('publishedName') name: string, @Req() request: FastifyRequest) {
    return this.predictions.ofUpload(request, project, predictionOf(request, name, true));
  }

  @Post('image/nostore', {
    id: 'classifyImageWithNoStore',
    role: 'reader',
    summary: 'Classify an image',
    query: queries.predictQueryV3,
    upload: true,
    answer: models.imagePrediction,
  })
  imageNoStore(
    @Param('projectId') project: string,
    @Param('publishedName') name: string,
    @Req() request: FastifyRequest,
  ) {
    return this.predictions.ofUpload(request, project, predictionOf(request, name, false));
  }

  @Post('url', {
    id: 'classifyImageUrl',
    summary: 'Classify an image elsewhere and keep it',
    query: queries.predictQueryV3,
    body: inputs.imageUrl,
    answer: models.imagePrediction,
  })
  async url(@Param('projectId') project: string, @Param('publishedName') name: string, @Req() request: FastifyRequest) {
    const input = predictionOf(request, name, true);
    return this.predictions.ofUrl(project, (await readModel(request, inputs.imageUrl)).url, input);
  }

  @Post('url/nostore', {
    id: 'classifyImageUrlWithNoStore',
    role: 'reader',
    summary: 'Classify an image elsewhere',
    query: queries.predictQueryV3,
    body: inputs.imageUrl,
    answer: models.imagePrediction,
  })
  async urlNoStore(
    @Param('projectId') project: string,
    @Param('publishedName') name: string,
    @Req() request: FastifyRequest,
  ) {
    const input = predictionOf(request, name, false);
    return this.predictions.ofUrl(project, (await readModel(request, inputs.imageUrl)).url, input);
  }
}

/** Prediction v2: by the default iteration, or by the one that is named. */
@ApiTags('v2 prediction')
@UseInterceptors(AnswerInterceptor)
@Controller(`${V2_PREDICTION}/:projectId`)
export class PredictControllerV2 {
  constructor(private readonly predictions: Predictions) {}

  @Post('image', {
    id: 'predictImage',
    summary: 'Classify an image with the default iteration and keep it',
    query: queries.predictQuery,
    upload: true,
    answer: models.imagePrediction,
  })
  image(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.predictions.ofUpload(request, project, defaultPredictionOf(request, true));
  }

  @Post('image/nostore', {
    id: 'predictImageWithNoStore',
    role: 'reader',
    summary: 'Classify an image with the default iteration',
    query: queries.predictQuery,
    upload: true,
    answer: models.imagePrediction,
  })
  imageNoStore(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.predictions.ofUpload(request, project, defaultPredictionOf(request, false));
  }

  @Post('url', {
    id: 'predictImageUrl',
    summary: 'Classify an image elsewhere with the default iteration and keep it',
    query: queries.predictQuery,
    body: inputs.imageUrl,
    answer: models.imagePrediction,
  })
  async url(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const input = defaultPredictionOf(request, true);
    return this.predictions.ofUrl(project, (await readModel(request, inputs.imageUrl)).url, input);
  }

  @Post('url/nostore', {
    id: 'predictImageUrlWithNoStore',
    role: 'reader',
    summary: 'Classify an image elsewhere with the default iteration',
    query: queries.predictQuery,
    body: inputs.imageUrl,
    answer: models.imagePrediction,
  })
  async urlNoStore(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const input = defaultPredictionOf(request, false);
    return this.predictions.ofUrl(project, (await readModel(request, inputs.imageUrl)).url, input);
  }
}

function defaultPredictionOf(request: FastifyRequest, store: boolean): PredictionInput {
  const { iterationId, application } = readQuery(request, queries.predictQuery);
  return { iterationId, application, store, orNewest: false, purpose: 'prediction' };
}

function quickTestOf(request: FastifyRequest): PredictionInput {
  const { iterationId, store = true } = readQuery(request, queries.quickTestQueryV3);
  return { iterationId, store, orNewest: true, purpose: 'quick-test' };
}

function predictionOf(request: FastifyRequest, publishName: string, store: boolean): PredictionInput {
  const { application } = readQuery(request, queries.predictQueryV3);
  return { publishName, application, store, orNewest: false, purpose: 'prediction' };
}
