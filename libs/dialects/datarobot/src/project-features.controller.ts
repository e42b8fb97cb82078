import { Controller, Get, Param, Query, Req } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiParam, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { projectContracts, type DatasetColumn } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Modelings } from './modelings.js';
import { metricsBody, metricsQuery, projectFeatureBody, toMetricsBody, toProjectFeatureBody } from './wire/feature.js';
import { featurelistBody, toFeaturelistBodies } from './wire/featurelist.js';
import { projectIdOf, REST_OF_PATH, restOfPath } from './wire/parameters.js';

/** The name of a feature whose path is also that of the metrics. */
const METRICS = 'metrics';

/** The columns of a project, and what models of them are compared by. */
@ApiTags('features')
@Controller('api/v2/projects/:projectId')
export class ProjectFeaturesController {
  constructor(
    private readonly bus: Bus,
    private readonly modelings: Modelings,
  ) {}

  @Get('features')
  @ApiOperation({ operationId: 'listFeatures', summary: 'List the features of a project' })
  @ApiOkResponse({ standardSchema: z.array(projectFeatureBody) })
  async list(@Param('projectId') id: string) {
    return (await this.modelings.columns(projectIdOf(id))).map((column) => toProjectFeatureBody(id, column));
  }

  @Get('features/metrics')
  @ApiOperation({ operationId: 'getFeatureMetrics', summary: 'List the metrics of models that predict a feature' })
  @ApiOkResponse({ standardSchema: metricsBody })
  async getMetrics(
    @Param('projectId') id: string,
    @Query({ schema: metricsQuery }) { featureName }: z.output<typeof metricsQuery>,
  ) {
    const column = await this.find(projectIdOf(id), featureName ?? METRICS);
    if (column) return featureName === undefined ? toProjectFeatureBody(id, column) : toMetricsBody(column);
    const message = featureName === undefined ? 'is required' : 'the project has no such feature';
    throw new DomainError('INVALID_ARGUMENT', `featureName: ${message}`, { field: 'featureName' });
  }

  @Get(`features/${REST_OF_PATH}`)
  @ApiOperation({ operationId: 'getFeature', summary: 'Get a feature of a project' })
  @ApiParam({ name: 'path', description: 'Name of a feature; it may have slashes' })
  @ApiOkResponse({ standardSchema: projectFeatureBody })
  async get(@Param('projectId') id: string, @Req() request: FastifyRequest) {
    const column = await this.find(projectIdOf(id), restOfPath(request));
    if (!column) throw new DomainError('NOT_FOUND', 'There is no such feature.');
    return toProjectFeatureBody(id, column);
  }

  @Get('featurelists')
  @ApiOperation({ operationId: 'listFeaturelists', summary: 'List the lists of features of a project' })
  @ApiOkResponse({ standardSchema: z.array(featurelistBody) })
  async listFeaturelists(@Param('projectId') id: string) {
    const [project, columns] = await Promise.all([
      this.bus.call(projectContracts.get, { id: projectIdOf(id) }),
      this.modelings.columns(projectIdOf(id)),
    ]);
    return toFeaturelistBodies(project, columns);
  }

  private async find(projectId: string, name: string): Promise<DatasetColumn | undefined> {
    return (await this.modelings.columns(projectId)).find((column) => column.name === name);
  }
}
