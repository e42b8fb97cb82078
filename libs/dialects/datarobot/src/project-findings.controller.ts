import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { modelingContracts, projectContracts } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { sendFindings, sendLog, sendLogFile, type ReadFindings } from './findings.js';
import { findingBody, findingsQuery } from './wire/finding.js';
import { linkTo } from './wire/links.js';
import { pageOf } from './wire/paging.js';
import { projectIdOf } from './wire/parameters.js';

type Query = z.output<typeof findingsQuery>;

/** What the quality check of a project's images finds: as lines of text, as a file of these lines, and for programs. */
@ApiTags('projects')
@Controller('api/v2/projects/:projectId')
export class ProjectFindingsController {
  constructor(private readonly bus: Bus) {}

  @Get('imagesDataQualityLog')
  @ApiOperation({ operationId: 'listProjectQualityLog', summary: 'List the lines of the quality log of a project' })
  @ApiOkResponse({ standardSchema: pageOf(z.string()) })
  async listLines(
    @Param('projectId') id: string,
    @Query({ schema: findingsQuery }) query: Query,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const link = linkTo(request, 'projects', id, 'imagesDataQualityLog');
    await sendLog({ request, reply }, link, query, this.readerOf(projectIdOf(id)));
  }

  @Get('imagesDataQualityLog/file')
  @ApiOperation({ operationId: 'getProjectQualityLogFile', summary: 'Get the quality log of a project as text' })
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'The lines', schema: { type: 'string' } })
  async getFile(
    @Param('projectId') id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const projectId = projectIdOf(id);
    const { name } = await this.bus.call(projectContracts.get, { id: projectId });
    await sendLogFile({ request, reply }, name, this.readerOf(projectId));
  }

  @Get('findings')
  @ApiOperation({ operationId: 'listProjectFindings', summary: 'List the findings of the quality log of a project' })
  @ApiOkResponse({ standardSchema: pageOf(findingBody) })
  async listFindings(
    @Param('projectId') id: string,
    @Query({ schema: findingsQuery }) query: Query,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const link = linkTo(request, 'projects', id, 'findings');
    await sendFindings({ request, reply }, link, query, this.readerOf(projectIdOf(id)));
  }

  private readerOf(projectId: string): ReadFindings {
    return async (offset, limit) => {
      try {
        return await this.bus.call(modelingContracts.findings, { projectId, offset, limit });
      } catch (error) {
        if (!DomainError.is(error, 'FAILED_PRECONDITION')) throw error;
        const message = 'Not a data quality enabled project: it has no image column.';
        throw new DomainError('FAILED_PRECONDITION', message, {}, { cause: error });
      }
    };
  }
}
