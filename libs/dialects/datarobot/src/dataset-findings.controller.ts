import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { datasetContracts } from '@pentaprism/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { sendFindings, sendLog, sendLogFile, type ReadFindings } from './findings.js';
import { findingBody, findingsQuery } from './wire/finding.js';
import { linkTo } from './wire/links.js';
import { pageOf } from './wire/paging.js';
import { datasetIdOf } from './wire/parameters.js';

type Query = z.output<typeof findingsQuery>;

/** What the quality check of a dataset finds: as lines of text, as a file of these lines, and for programs. */
@ApiTags('datasets')
@Controller('api/v2/datasets/:datasetId')
export class DatasetFindingsController {
  constructor(private readonly bus: Bus) {}

  @Get('imagesDataQualityLog')
  @ApiOperation({ operationId: 'listDatasetQualityLog', summary: 'List the lines of the quality log of a dataset' })
  @ApiOkResponse({ standardSchema: pageOf(z.string()) })
  async listLines(
    @Param('datasetId') id: string,
    @Query({ schema: findingsQuery }) query: Query,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const link = linkTo(request, 'datasets', id, 'imagesDataQualityLog');
    await sendLog({ request, reply }, link, query, this.readerOf(datasetIdOf(id)));
  }

  @Get('imagesDataQualityLog/file')
  @ApiOperation({ operationId: 'getDatasetQualityLogFile', summary: 'Get the quality log of a dataset as text' })
  @ApiProduces('text/plain')
  @ApiOkResponse({ description: 'The lines', schema: { type: 'string' } })
  async getFile(
    @Param('datasetId') id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const datasetId = datasetIdOf(id);
    const { name } = await this.bus.call(datasetContracts.get, { datasetId });
    await sendLogFile({ request, reply }, name, this.readerOf(datasetId));
  }

  @Get('findings')
  @ApiOperation({ operationId: 'listDatasetFindings', summary: 'List the findings of the quality log of a dataset' })
  @ApiOkResponse({ standardSchema: pageOf(findingBody) })
  async listFindings(
    @Param('datasetId') id: string,
    @Query({ schema: findingsQuery }) query: Query,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const link = linkTo(request, 'datasets', id, 'findings');
    await sendFindings({ request, reply }, link, query, this.readerOf(datasetIdOf(id)));
  }

  private readerOf(datasetId: string): ReadFindings {
    return (offset, limit) => this.bus.call(datasetContracts.findings, { datasetId, offset, limit });
  }
}
