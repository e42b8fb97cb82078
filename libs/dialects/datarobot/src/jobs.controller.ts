import { Controller, Delete, Get, HttpCode, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { ProjectJobs } from './project-jobs.js';
import { jobBody, jobsBody, jobsQuery, LISTED_JOBS, statesOf, toJobBody } from './wire/job.js';
import { linkTo } from './wire/links.js';
import { toPage } from './wire/paging.js';
import { existingId } from './wire/parameters.js';

const scopeOf = (text: string) => ({ projectId: existingId(text, 'project'), types: LISTED_JOBS });

/** The jobs of projects, of any kind. */
@ApiTags('jobs')
@Controller('api/v2/projects/:projectId/jobs')
export class JobsController {
  constructor(private readonly jobs: ProjectJobs) {}

  @Get()
  @ApiOperation({
    operationId: 'listJobs',
    summary: 'List the jobs of a project; by default those that have not ended',
  })
  @ApiOkResponse({ standardSchema: jobsBody })
  async list(
    @Param('projectId') id: string,
    @Query({ schema: jobsQuery }) { status, ...paging }: z.output<typeof jobsQuery>,
    @Req() request: FastifyRequest,
  ): Promise<z.output<typeof jobsBody>> {
    const { items, total } = await this.jobs.list(scopeOf(id), statesOf(status), paging);
    const link = linkTo(request, 'projects', id, 'jobs');
    const bodies = items.map((job) => toJobBody(request, job));
    const { data: jobs, ...page } = toPage(link, { status }, paging, { items: bodies, total });
    return { jobs, ...page };
  }

  @Get(':jobId')
  @ApiOperation({ operationId: 'getJob', summary: 'Get a job of a project' })
  @ApiOkResponse({ standardSchema: jobBody, description: 'Pending or failed' })
  @ApiResponse({ status: 303, standardSchema: jobBody, description: 'Done; `Location` is the result' })
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
  @ApiOperation({ operationId: 'abortJob', summary: 'End a job that waits or runs' })
  async abort(@Param('projectId') id: string, @Param('jobId') number: string): Promise<void> {
    await this.jobs.abort(scopeOf(id), number);
  }
}
