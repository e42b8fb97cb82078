import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { datasetContracts, type Job } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { HeldJobs } from './held-jobs.js';
import { existingId } from './wire/parameters.js';
import { datasetOf, isShown, progressMessage, resultLink, statusBody, toStatusBody } from './wire/status.js';

@ApiTags('status')
@Controller('api/v2/status')
export class StatusController {
  constructor(
    private readonly bus: Bus,
    private readonly jobs: HeldJobs,
  ) {}

  @Get(':statusId')
  @ApiOperation({ operationId: 'getStatus', summary: 'Get the status of an asynchronous job' })
  @ApiOkResponse({ standardSchema: statusBody, description: 'Pending or failed' })
  @ApiResponse({ status: 303, standardSchema: statusBody, description: 'Done; `Location` is the result' })
  async get(
    @Param('statusId') id: string,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<z.output<typeof statusBody>> {
    const job = await this.jobs.hold({ id: existingId(id, 'status') }, isShown, reply);
    const result = resultLink(request, job);
    if (result !== null) void reply.status(303).header('Location', result);
    return toStatusBody(job, await this.messageOf(job));
  }

  /** Returns an empty text for jobs that do not say how far they are, and if the dataset of the job cannot be read. */
  private async messageOf(job: Job): Promise<string> {
    const datasetId = datasetOf(job);
    if (datasetId === undefined) return '';
    try {
      return progressMessage(job, await this.bus.call(datasetContracts.get, { datasetId }));
    } catch (error) {
      return DomainError.is(error, 'NOT_FOUND') ? progressMessage(job, null) : '';
    }
  }
}
