import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { datasetContracts, jobDirectoryContracts, type Job } from '@pentaprism/contracts';
import { DomainError, isFinal } from '@pentaprism/domain';
import { JobWaiter } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { existingId } from './wire/parameters.js';
import { datasetOf, isShown, progressMessage, resultLink, statusBody, toStatusBody } from './wire/status.js';

/** Milliseconds that a poll is held while the job is pending: the client sleeps 5 s between two of them. */
export const POLL_HOLD_MS = 4000;

@ApiTags('status')
@Controller('api/v2/status')
export class StatusController {
  constructor(
    private readonly bus: Bus,
    private readonly waiter: JobWaiter,
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
    const job = await this.findHeld(existingId(id, 'status'), reply);
    const result = resultLink(request, job);
    if (result !== null) void reply.status(303).header('Location', result);
    return toStatusBody(job, await this.messageOf(job));
  }

  private async findHeld(id: string, reply: FastifyReply): Promise<Job> {
    const over = new AbortController();
    const abort = () => over.abort();
    reply.raw.once('close', abort);
    // Listens before it looks, so that an end in between is heard.
    const ended = this.waiter.wait(id, POLL_HOLD_MS, over.signal);
    try {
      const job = await this.find(id);
      if (isFinal(job.state)) return job;
      await ended;
      return over.signal.aborted ? job : await this.find(id);
    } finally {
      abort();
      reply.raw.off('close', abort);
    }
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

  private async find(id: string): Promise<Job> {
    const job = await this.bus.call(jobDirectoryContracts.get, { id });
    if (!isShown(job)) throw new DomainError('NOT_FOUND', 'There is no such status.');
    return job;
  }
}
