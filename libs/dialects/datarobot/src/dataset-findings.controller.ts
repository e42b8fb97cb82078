import { Controller, Get, Param, Query, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { datasetContracts } from '@pentaprism/contracts';
import { dispositionOf } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { openFindings, type DatasetFindings } from './dataset-findings.js';
import { savedNameOf } from './wire/dataset.js';
import { findingBody, findingsQuery, toFindingBody, toLine, type LoggedFinding } from './wire/finding.js';
import { linkTo } from './wire/links.js';
import { pageOf, pageText } from './wire/paging.js';
import { existingId } from './wire/parameters.js';

type Query = z.output<typeof findingsQuery>;

/** The media type of a log as a file. */
const TEXT = 'text/plain; charset=utf-8';

const idOf = (text: string) => existingId(text, 'dataset');

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
    await this.sendPage({ id, query, request, reply }, 'imagesDataQualityLog', toLine);
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
    const datasetId = idOf(id);
    const dataset = await this.bus.call(datasetContracts.get, { datasetId });
    const { portions } = await openFindings(this.bus, datasetId, { offset: 0, limit: 0 });
    void reply.type(TEXT).header('Content-Disposition', dispositionOf(TEXT, savedNameOf(dataset, '-quality-log.txt')));
    send(request, reply, textOf(portions));
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
    await this.sendPage({ id, query, request, reply }, 'findings', toFindingBody);
  }

  private async sendPage(
    { id, query, request, reply }: { id: string; query: Query; request: FastifyRequest; reply: FastifyReply },
    path: string,
    toItem: (finding: LoggedFinding) => unknown,
  ): Promise<void> {
    const { total, portions } = await openFindings(this.bus, idOf(id), query);
    void reply.type('application/json');
    send(request, reply, pageText(linkTo(request, 'datasets', id, path), query, total, mapped(portions, toItem)));
  }
}

async function* mapped<Item>(portions: DatasetFindings['portions'], toItem: (finding: LoggedFinding) => Item) {
  for await (const portion of portions) yield portion.map(toItem);
}

async function* textOf(portions: DatasetFindings['portions']): AsyncGenerator<string, void> {
  for await (const portion of portions)
    if (portion.length > 0) yield portion.map((finding) => `${toLine(finding)}\n`).join('');
}

/** Streams text. Fastify would read a stream to its end to answer HEAD. */
function send(request: FastifyRequest, reply: FastifyReply, text: AsyncGenerator<string, void>): void {
  void reply.send(Readable.from(request.method === 'HEAD' ? [] : text));
}
