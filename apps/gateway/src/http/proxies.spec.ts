import { afterEach, describe, expect, it } from '@jest/globals';
import { originOf } from '@pentaprism/http';
import { fastify, type FastifyInstance } from 'fastify';
import { trustOf } from './proxies.js';

let server: FastifyInstance;
afterEach(() => server.close());

async function seen(proxies: number | string[], headers: Record<string, string>): Promise<string[]> {
  server = fastify({ trustProxy: trustOf(proxies) });
  server.get('/', async (request) => [request.ip, originOf(request)]);
  return (await server.inject({ url: '/', headers: { host: 'own', ...headers } })).json();
}

const forwarded = (addresses: string) => ({
  'x-forwarded-for': addresses,
  'x-forwarded-host': 'evil, images.example',
  'x-forwarded-proto': 'http, https',
});

describe('the address of a client', () => {
  it.each([
    [0, '1.1.1.1', ['127.0.0.1', 'http://own']],
    [1, '1.1.1.1', ['1.1.1.1', 'https://images.example']],
    // The leftmost one is what the client wrote.
    [1, '6.6.6.6, 1.1.1.1', ['1.1.1.1', 'https://images.example']],
    [1, '6.6.6.6, 7.7.7.7, 1.1.1.1', ['1.1.1.1', 'https://images.example']],
    [2, '6.6.6.6, 1.1.1.1, 10.0.0.1', ['1.1.1.1', 'https://images.example']],
    [['127.0.0.1', '10.0.0.0/8'], '6.6.6.6, 1.1.1.1, 10.0.0.1', ['1.1.1.1', 'https://images.example']],
    [['10.0.0.0/8'], '6.6.6.6, 1.1.1.1, 10.0.0.1', ['127.0.0.1', 'http://own']],
  ])('behind %j with X-Forwarded-For %s', async (proxies, addresses, expected) => {
    expect(await seen(proxies, forwarded(addresses))).toEqual(expected);
  });

  it('comes with no other scheme than http and https', async () => {
    expect(await seen(1, { 'x-forwarded-proto': 'javascript' })).toEqual(['127.0.0.1', 'http://own']);
  });
});
