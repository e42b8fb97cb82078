import { Controller, Delete, Get, HttpCode, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { candidateContracts } from '@pentaprism/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ProjectJobs } from './project-jobs.js';
import { jobsOfKindQuery, MODEL_JOBS, modelJobBody, statesOf, toModelJobBody } from './wire/job.js';
import { existingId } from './wire/parameters.js';

const scopeOf = (text: string) => ({ projectId: existingId(text, 'project'), types: MODEL_JOBS });

/** The jobs that make models, with what they make. */
@ApiTags('jobs')
@Controller('api/v2/projects/:projectId/modelJobs')
export class ModelJobsController {
  constructor(
    private readonly bus: Bus,
    private readonly jobs: ProjectJobs,
  ) {}

  @Get()
  @ApiOperation({
    operationId: 'listModelJobs',
    summary: 'List the jobs that make models; by default the pending ones',
  })
  @ApiOkResponse({ standardSchema: z.array(modelJobBody) })
  async list(
    @Param('projectId') id: string,
    @Query({ schema: jobsOfKindQuery }) { status }: z.output<typeof jobsOfKindQuery>,
    @Req() request: FastifyRequest,
  ): Promise<z.output<typeof modelJobBody>[]> {
    const scope = scopeOf(id);
    const { items } = await this.jobs.list(scope, statesOf(status), { offset: 0, limit: 0 });
    if (items.length === 0) return [];
    const { candidates } = await this.bus.call(candidateContracts.list, { projectId: scope.projectId });
    const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]));
    return items.flatMap((job) => {
      // Jobs outlive models that are deleted.
      const candidate = byId.get(job.subject['candidateId'] ?? '');
      return candidate ? [toModelJobBody(request, job, candidate)] : [];
    });
  }

  @Get(':jobId')
  @ApiOperation({ operationId: 'getModelJob', summary: 'Get a job that makes a model' })
  @ApiOkResponse({ standardSchema: modelJobBody, description: 'Pending or failed' })
  @ApiResponse({ status: 303, standardSchema: modelJobBody, description: 'Done; `Location` is the model' })
  get(
    @Param('projectId') id: string,
    @Param('jobId') number: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof modelJobBody>> {
    const scope = scopeOf(id);
    return this.jobs.poll(scope, number, { request, reply }, async (job) => {
      const key = { projectId: scope.projectId, candidateId: existingId(job.subject['candidateId'] ?? '', 'model') };
      return toModelJobBody(request, job, await this.bus.call(candidateContracts.get, key));
    });
  }

  @Delete(':jobId')
  @HttpCode(204)
  @ApiOperation({ operationId: 'abortModelJob', summary: 'End a job that makes a model' })
  async abort(@Param('projectId') id: string, @Param('jobId') number: string): Promise<void> {
    await this.jobs.abort(scopeOf(id), number);
  }
}
