import { Controller, Delete, Get, HttpCode, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { ProjectJobs } from './project-jobs.js';
import { jobBody, jobsOfKindQuery, PREDICT_JOBS, statesOf, toJobBody } from './wire/job.js';
import { existingId } from './wire/parameters.js';

const scopeOf = (text: string) => ({ projectId: existingId(text, 'project'), types: PREDICT_JOBS });

/** The jobs that predict the rows of prediction datasets. */
@ApiTags('jobs')
@Controller('api/v2/projects/:projectId/predictJobs')
export class PredictJobsController {
  constructor(private readonly jobs: ProjectJobs) {}

  @Get()
  @ApiOperation({ operationId: 'listPredictJobs', summary: 'List the jobs that predict; by default the pending ones' })
  @ApiOkResponse({ standardSchema: z.array(jobBody) })
  async list(
    @Param('projectId') id: string,
    @Query({ schema: jobsOfKindQuery }) { status }: z.output<typeof jobsOfKindQuery>,
    @Req() request: FastifyRequest,
  ): Promise<z.output<typeof jobBody>[]> {
    const { items } = await this.jobs.list(scopeOf(id), statesOf(status), { offset: 0, limit: 0 });
    return items.map((job) => toJobBody(request, job));
  }

  @Get(':jobId')
  @ApiOperation({ operationId: 'getPredictJob', summary: 'Get a job that predicts' })
  @ApiOkResponse({ standardSchema: jobBody, description: 'Pending or failed' })
  @ApiResponse({ status: 303, standardSchema: jobBody, description: 'Done; `Location` is what was predicted' })
  get(
    @Param('projectId') id: string,
    @Param('jobId') number: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof jobBody>> {
    return this.jobs.poll(scopeOf(id), number, { request, reply }, (job) => toJobBody(request, job));
  }

  @Delete(':jobId')
  @HttpCode(204)
  @ApiOperation({ operationId: 'abortPredictJob', summary: 'End a job that predicts' })
  async abort(@Param('projectId') id: string, @Param('jobId') number: string): Promise<void> {
    await this.jobs.abort(scopeOf(id), number);
  }
}
