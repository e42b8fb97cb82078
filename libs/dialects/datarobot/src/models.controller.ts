import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { candidateContracts, type Candidate } from '@pentaprism/contracts';
import { DomainError, METRICS } from '@pentaprism/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { requireFeaturelist } from './featurelists.js';
import { Modelings } from './modelings.js';
import { jobLink, linkTo } from './wire/links.js';
import {
  blueprintBody,
  modelBody,
  modelRecordsQuery,
  modelsQuery,
  recommendedModelBody,
  selectModels,
  selectRecords,
  toBlueprintBody,
  toModelBody,
  toRecommendedModelBody,
  trainBody,
} from './wire/model.js';
import { pageOf, toPage } from './wire/paging.js';
import { existingId, projectIdOf } from './wire/parameters.js';
import { statusReference } from './wire/status.js';

const modelIdOf = (text: string) => existingId(text, 'model');

/** The trained models of projects, and the blueprints that they are made by. */
@ApiTags('models')
@Controller('api/v2/projects/:projectId')
export class ModelsController {
  constructor(
    private readonly bus: Bus,
    private readonly modelings: Modelings,
  ) {}

  @Get('models')
  @ApiOperation({ operationId: 'listModels', summary: 'List the trained models of a project, the best one first' })
  @ApiOkResponse({ standardSchema: z.array(modelBody) })
  async list(@Param('projectId') id: string, @Query({ schema: modelsQuery }) query: z.output<typeof modelsQuery>) {
    const { modeling, candidates } = await this.trained(projectIdOf(id));
    const models = candidates.map((candidate) => toModelBody(candidate, modeling));
    return selectModels(models, query);
  }

  @Post('models')
  @HttpCode(202)
  @ApiOperation({ operationId: 'createModel', summary: 'Train a blueprint' })
  @ApiAcceptedResponse({ standardSchema: statusReference })
  async train(
    @Param('projectId') id: string,
    @Body({ schema: trainBody }) { blueprintId, featurelistId }: z.output<typeof trainBody>,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof statusReference>> {
    const projectId = projectIdOf(id);
    await requireFeaturelist(this.bus, projectId, featurelistId);
    const { jobId, jobNumber } = await this.bus.call(candidateContracts.train, { projectId, blueprintId });
    void reply.header('Location', jobLink(request, projectId, jobNumber, 'modelJobs'));
    return { statusId: jobId };
  }

  @Get('models/:modelId')
  @ApiOperation({ operationId: 'getModel', summary: 'Get a trained model' })
  @ApiOkResponse({ standardSchema: modelBody })
  async get(@Param('projectId') id: string, @Param('modelId') modelId: string) {
    // In this order: of two calls at once, either one could be the first to fail, with a message of its own.
    const { modeling } = await this.modelings.find(projectIdOf(id));
    const candidate = await this.find(projectIdOf(id), modelIdOf(modelId));
    return toModelBody(candidate, modeling);
  }

  @Delete('models/:modelId')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteModel', summary: 'Delete a trained model' })
  async delete(@Param('projectId') id: string, @Param('modelId') modelId: string): Promise<void> {
    const { projectId, id: candidateId } = await this.find(projectIdOf(id), modelIdOf(modelId));
    await this.bus.call(candidateContracts.delete, { projectId, candidateId });
  }

  @Get('modelRecords')
  @ApiOperation({ operationId: 'listModelRecords', summary: 'List the trained models of a project in pages' })
  @ApiOkResponse({ standardSchema: pageOf(modelBody) })
  async listRecords(
    @Param('projectId') id: string,
    @Query({ schema: modelRecordsQuery }) query: z.output<typeof modelRecordsQuery>,
    @Req() request: FastifyRequest,
  ) {
    const { offset, limit, ...filters } = query;
    const { modeling, candidates } = await this.trained(projectIdOf(id));
    const models = candidates.map((candidate) => toModelBody(candidate, modeling));
    const metric = query.sortByMetric ?? modeling.target?.metric ?? METRICS[0].name;
    const records = selectRecords(models, query, metric);
    const items = records.slice(offset, limit === 0 ? undefined : offset + limit);
    const link = linkTo(request, 'projects', id, 'modelRecords');
    return toPage(link, filters, { offset, limit }, { items, total: records.length });
  }

  @Get('recommendedModels')
  @ApiOperation({ operationId: 'listRecommendedModels', summary: 'List the best model of a project' })
  @ApiOkResponse({ standardSchema: z.array(recommendedModelBody) })
  async listRecommended(@Param('projectId') id: string) {
    return [await this.getRecommended(id)];
  }

  @Get('recommendedModels/recommendedModel')
  @ApiOperation({ operationId: 'getRecommendedModel', summary: 'Get the best model of a project' })
  @ApiOkResponse({ standardSchema: recommendedModelBody })
  async getRecommended(@Param('projectId') id: string) {
    const [best] = (await this.trained(projectIdOf(id))).candidates;
    if (!best) throw new DomainError('NOT_FOUND', 'The project has no trained model.');
    return toRecommendedModelBody(best);
  }

  @Get('blueprints')
  @ApiOperation({ operationId: 'listBlueprints', summary: 'List the blueprints that models can be made by' })
  @ApiOkResponse({ standardSchema: z.array(blueprintBody) })
  async listBlueprints(@Param('projectId') id: string) {
    const { modeling } = await this.modelings.find(projectIdOf(id));
    if (!modeling.target) return [];
    const { blueprints } = await this.bus.call(candidateContracts.blueprints, { projectId: projectIdOf(id) });
    return blueprints.map((blueprint) => toBlueprintBody(projectIdOf(id), blueprint));
  }

  /** Returns the trained candidates of a project, the best one first. A project without a target has none. */
  private async trained(projectId: string) {
    const { modeling } = await this.modelings.find(projectId);
    if (!modeling.target) return { modeling, candidates: [] };
    const { candidates } = await this.bus.call(candidateContracts.list, { projectId, state: 'trained' });
    return { modeling, candidates };
  }

  /** Throws NOT_FOUND for a candidate that is not trained, which is shown as a job only. */
  private async find(projectId: string, candidateId: string): Promise<Candidate> {
    const candidate = await this.bus.call(candidateContracts.get, { projectId, candidateId });
    if (candidate.state !== 'trained') throw new DomainError('NOT_FOUND', 'There is no such model.');
    return candidate;
  }
}
