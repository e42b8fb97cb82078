import { Controller, Get, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { eventLogContracts } from '@pentaprism/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { PAGE_BASE } from './addresses.js';
import { Answer, sendAnswer } from './answer.js';
import { FeatureFlagsGuard } from './feature-flags.guard.js';
import { problems } from './models.js';
import { first } from './query.js';

/** What could not be read of event files. */
@ApiTags('problems')
@Controller(`${PAGE_BASE}/problems`)
@UseGuards(FeatureFlagsGuard)
export class ProblemsController {
  constructor(private readonly bus: Bus) {}

  @Get()
  @ApiOperation({ operationId: 'listProblems', summary: 'List what could not be read of event files, newest first' })
  @ApiQuery({ name: 'after', required: false, schema: { type: 'string' } })
  @ApiOkResponse({ standardSchema: problems })
  async list(@Query() query: unknown, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const after = first(query, 'after');
    const page = await this.bus.call(eventLogContracts.problems, after === undefined ? {} : { after });
    await sendAnswer(request, reply, new Answer(JSON.stringify(page)));
  }
}
