import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Catch, Global, Module, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Bus } from '@pentaprism/bus';
import { pushedLogContracts, type RequestOf, type Rpc } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import {
  asHttpFailure,
  Contents,
  createValidationPipe,
  registerStreamParsers,
  setPrincipal,
  UploadLimits,
} from '@pentaprism/http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { tensorboardDialect } from '../tensorboard.dialect.js';
import { PushedPieces } from './pushed-pieces.js';
import { PushingController } from './pushing.controller.js';

const MAX_BYTES = 1000;
/** Bytes that the stand-in reads in one call, and of one record. */
const [CALL_BYTES, RECORD_BYTES] = [40, 10];
const PIECE = { 'content-type': 'application/offset+octet-stream' };
const RUN = 'a/../b?&#%2F\u0000 \u{1f600}';
const QUERY = new URLSearchParams({ run: RUN, file: '.' }).toString();
const URL_ = `/tensorboard/runs/file?${QUERY}`;

let app: NestFastifyApplication;
let fastify: FastifyInstance;
/** Offsets by run and file. */
let offsets: Map<string, number>;
let ended: string | null;
let stored: { workspace: string; area: string | undefined; bytes: Buffer }[];
let appends: RequestOf<typeof pushedLogContracts.append>[];
let deleted: string[];

const nameOf = ({ run, file }: { run: string; file: string }) => JSON.stringify([run, file]);

async function call(rpc: Rpc, request: never): Promise<unknown> {
  if (rpc === pushedLogContracts.offset) return { offset: offsets.get(nameOf(request)) ?? 0, ended };
  if (rpc === pushedLogContracts.append) {
    const { piece, ...file } = rpc.request.parse(request) as RequestOf<typeof pushedLogContracts.append>;
    appends.push({ piece, ...file });
    const end = piece.start + Math.floor(piece.size / RECORD_BYTES) * RECORD_BYTES;
    const offset = Math.min(end, file.offset + CALL_BYTES);
    offsets.set(nameOf(file), offset);
    return { offset, hasMore: offset < end };
  }
  deleted.push((request as { run: string }).run);
  throw new DomainError('NOT_FOUND', 'There is no such run.');
}

async function store(workspace: string, source: AsyncIterable<Uint8Array>, maxBytes: number, area?: string) {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  if (bytes.length > maxBytes) throw new DomainError('PAYLOAD_TOO_LARGE', 'Too large.');
  stored.push({ workspace, area, bytes });
  return { sha256: 'a'.repeat(64), size: bytes.length, mediaType: 'x/y' };
}

@Catch()
class TestFilter implements ExceptionFilter {
  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const error = asHttpFailure(thrown);
    const status =
      tensorboardDialect.statusFor?.(error, http.getRequest<FastifyRequest>()) ??
      tensorboardDialect.statuses[error.code];
    void http.getResponse<FastifyReply>().status(status).send(error.message);
  }
}

beforeEach(async () => {
  [offsets, stored, appends, deleted, ended] = [new Map(), [], [], [], null];
  const values = [
    { provide: Bus, useValue: { call } },
    { provide: Contents, useValue: { store } },
    { provide: UploadLimits, useValue: new UploadLimits(MAX_BYTES) },
  ];
  @Global()
  @Module({ providers: values, exports: values.map(({ provide }) => provide) })
  class StandInModule {}
  @Module({ imports: [StandInModule], controllers: [PushingController], providers: [PushedPieces] })
  class TestModule {}
  const adapter = new FastifyAdapter({ routerOptions: { ignoreTrailingSlash: true } });
  app = await NestFactory.create<NestFastifyApplication>(TestModule, adapter, { logger: false, bodyParser: false });
  app.useGlobalFilters(new TestFilter());
  app.useGlobalPipes(createValidationPipe());
  fastify = adapter.getInstance() as unknown as FastifyInstance;
  fastify.addHook('onRequest', async (request) => {
    setPrincipal(request, { keyId: 'k', name: 'test', role: 'editor', workspace: 'w' });
  });
  registerStreamParsers(fastify);
  await app.listen(0, '127.0.0.1');
});

afterEach(() => app.close());

const head = () => fastify.inject({ method: 'HEAD', url: URL_ });
const patch = (payload: Buffer | string, offset: number, headers: Record<string, string> = PIECE) =>
  fastify.inject({ method: 'PATCH', url: URL_, payload, headers: { 'upload-offset': String(offset), ...headers } });

describe('pushing of event files', () => {
  it('answers HEAD with the offset, which is 0 for a file that is not known', async () => {
    const first = await head();
    expect([first.statusCode, first.headers['upload-offset'], first.headers['cache-control']]).toEqual([
      200,
      '0',
      'no-store',
    ]);
    offsets.set(nameOf({ run: RUN, file: '.' }), 7);
    const { headers } = await head();
    expect([headers['upload-offset'], headers['upload-defer-length'], headers['tus-resumable']]).toEqual([
      '7',
      '1',
      '1.0.0',
    ]);
  });

  it('stores a piece, and answers with the end of its last whole record once all of it was read', async () => {
    const bytes = Buffer.alloc(95, 'x');
    const answer = await patch(bytes, 0, { ...PIECE, 'tus-resumable': '1.0.0' });
    expect([answer.statusCode, answer.headers['upload-offset'], answer.body]).toEqual([204, '90', '']);
    expect(stored).toEqual([{ workspace: 'w', area: 'eventuploads', bytes }]);
    const piece = { sha256: 'a'.repeat(64), size: 95, start: 0 };
    expect(appends).toEqual([0, 40, 80].map((offset) => ({ run: RUN, file: '.', offset, piece })));
    expect((await patch(bytes.subarray(0, 20), 90)).headers['upload-offset']).toBe('110');
  });

  it('answers a PATCH at another offset with 409, and stores nothing', async () => {
    const answer = await patch('x'.repeat(20), 10);
    expect([answer.statusCode, answer.body, stored]).toEqual([
      409,
      'The file has 0 bytes here. Go on at that offset.',
      [],
    ]);
  });

  it('refuses bytes of a file of which nothing more is read, and stores nothing', async () => {
    ended = 'The file is damaged from byte 9 on.';
    const answer = await patch('x'.repeat(20), 0);
    expect([answer.statusCode, answer.body, stored]).toEqual([400, ended, []]);
  });

  it.each([
    ['another type', { 'content-type': 'application/octet-stream' }, 415],
    ['no offset', { ...PIECE, 'upload-offset': '' }, 400],
    ['a negative offset', { ...PIECE, 'upload-offset': '-1' }, 400],
    ['another version of tus', { ...PIECE, 'tus-resumable': '0.2.2' }, 412],
    ['a length beyond the limit', { ...PIECE, 'content-length': String(MAX_BYTES + 1) }, 413],
  ])('refuses %s', async (_, headers, status) => {
    const answer = await patch('x'.repeat(20), 0, headers);
    expect([answer.statusCode, stored]).toEqual([status, []]);
    expect(answer.headers['tus-version']).toBe(status === 412 ? '1.0.0' : undefined);
  });

  it.each(['run=a', 'file=a', 'run=&file=a', `run=a&file=${'x'.repeat(256)}`, 'run=a&run=b&file=c'])(
    'refuses the names %s',
    async (query) => {
      const answer = await fastify.inject({ method: 'HEAD', url: `/tensorboard/runs/file?${query}` });
      expect(answer.statusCode).toBe(400);
    },
  );

  it('stores nothing of an empty piece', async () => {
    const answer = await patch('', 0, { ...PIECE, 'content-length': '0' });
    expect([answer.statusCode, answer.headers['upload-offset'], stored]).toEqual([204, '0', []]);
  });

  it('keeps the whole records of a piece whose client goes away', async () => {
    const socket = connect((fastify.server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    const lines = [`PATCH ${URL_} HTTP/1.1`, 'Host: x', 'Upload-Offset: 0', `Content-Type: ${PIECE['content-type']}`];
    socket.write(`${[...lines, 'Content-Length: 500'].join('\r\n')}\r\n\r\n${'x'.repeat(25)}`);
    await sleep(100);
    socket.destroy();
    for (let waited = 0; waited < 100 && appends.length === 0; waited += 1) await sleep(20);
    expect(stored.map(({ bytes }) => bytes.length)).toEqual([25]);
    expect((await head()).headers['upload-offset']).toBe('20');
  });

  it('gives tus clients that create a file its address', async () => {
    const metadata = `run ${Buffer.from(RUN).toString('base64')},filename ${Buffer.from('.').toString('base64')}, done`;
    const headers = { 'upload-metadata': metadata, 'upload-length': '9', 'tus-resumable': '1.0.0' };
    for (const url of ['/tensorboard/runs', '/tensorboard/runs/?x=/'])
      for (const prefix of ['', '/proxy/3000']) {
        const { statusCode, headers: answered } = await fastify.inject({ method: 'POST', url, headers });
        const { href } = new URL(String(answered.location), `https://x.example${prefix}${url}`);
        expect([statusCode, href]).toEqual([201, `https://x.example${prefix}${URL_}`]);
      }
    const refused = await fastify.inject({ method: 'POST', url: '/tensorboard/runs' });
    expect(refused.statusCode).toBe(400);
  });

  it('deletes a run', async () => {
    const query = new URLSearchParams({ run: RUN }).toString();
    const answer = await fastify.inject({ method: 'DELETE', url: `/tensorboard/runs?${query}` });
    expect([answer.statusCode, deleted]).toEqual([404, [RUN]]);
  });
});
