import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DomainError, type ErrorCode } from '@pentaprism/domain';
import { fastify, type FastifyInstance, type FastifyReply } from 'fastify';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger } from '@pentaprism/observability';
import { AuditLog } from './audit.js';
import type { Authentication } from './authentication.js';
import { addNotFoundHandlers } from './access.js';
import { addHooks, requestId } from './hooks.js';

const IDLE_MS = 400;
const NOBODY = {
  authenticate: () => Promise.reject(new DomainError('UNAUTHENTICATED', 'A key is needed.')),
} as unknown as Authentication;

const STATUSES: Partial<Record<ErrorCode, number>> = {
  UNAUTHENTICATED: 401,
  NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  UNSUPPORTED_MEDIA_TYPE: 415,
};
const refuse = (error: unknown, reply: FastifyReply) =>
  reply.status(DomainError.is(error) ? (STATUSES[error.code] ?? 400) : 500).send({});

let server: FastifyInstance;
let port: number;
beforeAll(async () => {
  server = fastify({ connectionTimeout: IDLE_MS });
  addHooks(server, NOBODY, new AuditLog(createLogger('gateway', 'silent')));
  server.setErrorHandler((error, _request, reply) => refuse(error, reply));
  server.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
  const config = { role: 'none' };
  server.get('/files/slow', { config }, async () => {
    await sleep(IDLE_MS * 4);
    return 'late';
  });
  server.put('/files/slow', { config }, async ({ raw }) => {
    for await (const _chunk of raw);
    return 'all';
  });
  server.post('/api/v2/datasets/fromFile', { config }, async () => 'created');
  server.get('/files/pages/*', { config: { ...config, isFallback: true } }, async () => 'page');
  server.get('/api/v2/datasets/:id', { config }, async () => 'one');
  await addNotFoundHandlers(server, (error, _request, reply) => void refuse(error, reply));
  await server.listen({ host: '127.0.0.1', port: 0 });
  port = (server.server.address() as AddressInfo).port;
});
afterAll(() => server.close());

describe('a connection on which nothing comes', () => {
  it('is kept while the answer is being made', async () => {
    // Not fetch: at its first use it loads its parser after it has connected, which can take longer than IDLE_MS.
    const [answer] = (await once(get(`http://127.0.0.1:${port}/files/slow`), 'response')) as [IncomingMessage];
    expect([answer.statusCode, Buffer.concat(await answer.toArray()).toString()]).toEqual([200, 'late']);
  });

  it('is given up in the middle of a request', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('PUT /files/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf');
    socket.resume();
    // Without the limit it would stay open until the test's own time is over.
    await once(socket, 'close');
    expect(socket.destroyed).toBe(true);
  });
});

describe('every request', () => {
  it.each([
    ['POST', '/files/slow', 405, 'GET, HEAD, PUT'],
    ['POST', '/files/slow?x=1', 405, 'GET, HEAD, PUT'],
    ['POST', '/files/other', 404, null],
    ['POST', '/files/pages/any', 404, null],
    ['GET', '/files/pages/any', 200, null],
    ['GET', '/api/v2/datasets/fromFile?x=1', 405, 'POST'],
    ['POST', '/api/v2/datasets/fromFile', 200, null],
    ['GET', '/api/v2/datasets/fromfile', 200, null],
    // What needs a key says without one nothing of what exists.
    ['POST', '/keys', 401, null],
  ])('%s %s is %i', async (method, path, status, allow) => {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method });
    expect([answer.status, answer.headers.get('allow')]).toEqual([status, allow]);
  });

  it.each([
    ['gzip', 415],
    ['identity, br', 415],
    ['Identity', 200],
    ['', 200],
  ])('whose body is said to be encoded as "%s" is %i', async (encoding, status) => {
    const headers = { 'content-encoding': encoding };
    const answer = await server.inject({ method: 'PUT', url: '/files/slow', headers, payload: 'x' });
    expect(answer.statusCode).toBe(status);
  });

  it('to what there is not is 404, however it is encoded', async () => {
    const headers = { 'content-encoding': 'gzip' };
    expect((await server.inject({ method: 'PUT', url: '/files/none', headers, payload: 'x' })).statusCode).toBe(404);
  });

  it('carries the trace id of its client, or a new one, and is never sniffed', async () => {
    const id = '0af7651916cd43dd8448eb211c80319c';
    const { headers } = await server.inject({ url: '/files/none' });
    expect(headers['x-request-id']).toMatch(/\S/);
    expect(headers['x-content-type-options']).toBe('nosniff');
    expect(requestId({ headers: { traceparent: `00-${id}-b7ad6b7169203331-01` } })).toBe(id);
    expect(requestId({ headers: { traceparent: `00-${id}` } })).toMatch(/^(?!0af7)[0-9a-f]{32}$/);
  });
});
