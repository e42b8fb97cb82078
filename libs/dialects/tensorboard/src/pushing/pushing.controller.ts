import { Controller, Delete, Head, HttpCode, Patch, Post, Query, Req, Res, UseGuards } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes, ApiHeader, ApiNoContentResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { pushedFile, pushedLogContracts, pushedRunName, type PushedFile } from '@pentaprism/contracts';
import type { BodyConfig } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { PAGE_BASE } from '../addresses.js';
import { FeatureFlagsGuard } from '../feature-flags.guard.js';
import { PushedPieces } from './pushed-pieces.js';
import { fileOfMetadata, PIECE_TYPE, TusVersionGuard, uploadOffsetOf } from './tus.js';

const BASE = `${PAGE_BASE}/runs`;
const OFFSET = 'Upload-Offset';
const runQuery = z.object({ run: pushedRunName });
const fileQuery = z.object(pushedFile.shape);

/** Event files that clients push while a training writes them, in the terms of tus 1.0. */
@ApiTags('pushing')
@Controller(BASE)
@UseGuards(FeatureFlagsGuard, TusVersionGuard)
export class PushingController {
  constructor(
    private readonly bus: Bus,
    private readonly pieces: PushedPieces,
  ) {}

  @Head('file')
  @ApiOperation({ operationId: 'getPushedOffset', summary: 'Get how much of an event file is stored' })
  async offset(@Query({ schema: fileQuery }) file: PushedFile, @Res({ passthrough: true }) reply: FastifyReply) {
    const { offset } = await this.bus.call(pushedLogContracts.offset, file);
    // Files grow: their length is not known.
    void reply.header(OFFSET, offset).header('Upload-Defer-Length', '1').header('Cache-Control', 'no-store');
  }

  @Patch('file')
  @HttpCode(204)
  @RouteConfig({ streamed: true } satisfies BodyConfig)
  @ApiOperation({ operationId: 'appendToFile', summary: 'Append bytes to an event file' })
  @ApiHeader({
    name: OFFSET,
    required: true,
    description: 'Where the body begins in the file',
    schema: { type: 'integer' },
  })
  @ApiConsumes(PIECE_TYPE)
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiNoContentResponse({ description: 'What is stored now', headers: { [OFFSET]: { schema: { type: 'integer' } } } })
  async append(
    @Query({ schema: fileQuery }) file: PushedFile,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    const offset = await this.pieces.append(request, file, uploadOffsetOf(request));
    void reply.header(OFFSET, offset);
  }

  @Post()
  @HttpCode(201)
  @RouteConfig({ streamed: true } satisfies BodyConfig)
  @ApiOperation({ operationId: 'createFile', summary: 'Get the address of an event file, as tus clients do' })
  @ApiHeader({
    name: 'Upload-Metadata',
    required: true,
    description: 'The names `run` and `file`, in base64',
    schema: { type: 'string' },
  })
  async create(@Req() request: FastifyRequest, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    const file = fileOfMetadata(request);
    await this.bus.call(pushedLogContracts.offset, file);
    const query = new URLSearchParams({ run: file.run, file: file.file });
    // Relative, because a proxy may put a prefix before it.
    const [path = ''] = request.originalUrl.split('?', 1);
    void reply.header('Location', `${path.endsWith('/') ? '' : 'runs/'}file?${query.toString()}`);
  }

  @Delete()
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteRun', summary: 'Delete a run that was pushed' })
  async delete(@Query({ schema: runQuery }) { run }: z.output<typeof runQuery>): Promise<void> {
    await this.bus.call(pushedLogContracts.deleteRun, { run });
  }
}
