import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DomainError } from '@pentaprism/domain';
import { fastify, type FastifyInstance } from 'fastify';
import { OpenAccess } from './open-access.js';
import { trustOf } from './proxies.js';

const open = new OpenAccess({
  HOST: '127.0.0.1',
  PUBLIC_URL: 'https://images.example:8443/x',
  ALLOWED_HOSTS: ['nas.local'],
  CORS_ORIGINS: ['https://app.example'],
});
let server: FastifyInstance;
beforeAll(() => {
  server = fastify({ trustProxy: trustOf(1) });
  server.get('/', async (request) => {
    open.check(request);
    return {};
  });
  server.all('/change', async (request) => {
    open.checkBasic(request);
    return {};
  });
  server.setNotFoundHandler(async (request, reply) => {
    open.checkBasic(request);
    return reply.status(404).send();
  });
  server.setErrorHandler((error, _request, reply) =>
    reply.status(DomainError.is(error, 'PERMISSION_DENIED') ? 403 : 500).send(),
  );
});
afterAll(() => server.close());

const status = async (headers: Record<string, string>) => (await server.inject({ url: '/', headers })).statusCode;

describe('a request without a key on a loopback address', () => {
  it.each([
    ['localhost', 200],
    ['LOCALHOST:3000', 200],
    ['localhost.:3000', 200],
    ['127.0.0.1:3000', 200],
    ['127.9.9.9', 200],
    ['[::1]:3000', 200],
    ['images.example', 200],
    ['images.example:1', 200],
    ['nas.local:3000', 200],
    ['evil.example', 403],
    ['127.0.0.1.evil.example', 403],
    ['localhost.evil.example:3000', 403],
    ['sub.nas.local', 403],
    ['192.0.2.1', 403],
    ['0.0.0.0', 403],
  ])('for the host %s is %i', async (host, expected) => {
    expect(await status({ host })).toBe(expected);
  });

  it.each([
    ['http://localhost:8080', 200],
    ['https://images.example:8443', 200],
    ['https://app.example', 200],
    ['https://other.example', 403],
    ['http://app.example', 403],
    ['null', 403],
    ['file://', 403],
    ['', 403],
  ])('from a page of %s is %i', async (origin, expected) => {
    expect(await status({ host: 'localhost', origin })).toBe(expected);
  });

  it('is refused for a foreign host that hides behind X-Forwarded-Host, or in it', async () => {
    expect(await status({ host: 'evil.example', 'x-forwarded-host': 'localhost' })).toBe(403);
    expect(await status({ host: 'localhost', 'x-forwarded-host': 'evil.example' })).toBe(403);
  });
});

describe('a request with Basic credentials', () => {
  const changed = async (origin: string | undefined, method: 'GET' | 'POST' | 'DELETE', more = {}) => {
    const headers = { host: 'gateway.example:3000', ...(origin === undefined ? {} : { origin }), ...more };
    return (await server.inject({ method, url: '/change', headers })).statusCode;
  };

  it.each([
    [undefined, 200],
    ['http://gateway.example:3000', 200],
    ['https://gateway.example:3000', 200],
    ['https://images.example:8443', 200],
    ['https://app.example', 200],
    ['http://gateway.example:8080', 403],
    ['http://localhost:3000', 403],
    ['https://evil.example', 403],
    ['null', 403],
    ['', 403],
    ['gateway.example:3000', 403],
  ])('from a page of %s changes something with status %i', async (origin, expected) => {
    expect(await changed(origin, 'POST')).toBe(expected);
    expect(await changed(origin, 'DELETE')).toBe(expected);
  });

  it('reads with any origin', async () => {
    expect(await changed('https://evil.example', 'GET')).toBe(200);
  });

  it('accepts the host that a trusted proxy has received', async () => {
    expect(await changed('https://outside.example', 'POST', { 'x-forwarded-host': 'outside.example' })).toBe(200);
  });

  it('gets 404 for a path that does not exist', async () => {
    const headers = { origin: 'https://evil.example' };
    expect((await server.inject({ method: 'POST', url: '/none', headers })).statusCode).toBe(404);
  });
});
