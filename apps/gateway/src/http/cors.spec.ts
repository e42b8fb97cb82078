import cors from '@fastify/cors';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { addVary } from '@pentaprism/http';
import { fastify, type FastifyInstance } from 'fastify';
import { corsOptions } from './cors.js';

const ORIGIN = 'https://app.example';

let server: FastifyInstance;
beforeAll(async () => {
  server = fastify();
  await server.register(cors, corsOptions([ORIGIN, 'https://other.example']));
  server.get('/', async (_request, reply) => {
    addVary(reply, 'Accept');
    addVary(reply, 'accept');
    return 'ok';
  });
});
afterAll(() => server.close());

describe('an answer to a script of another origin', () => {
  it('lets it read the headers that clients need', async () => {
    const { headers } = await server.inject({ url: '/', headers: { origin: ORIGIN } });
    const exposed = String(headers['access-control-expose-headers']).split(', ');
    expect(exposed).toEqual(
      expect.arrayContaining(['ETag', 'Content-Range', 'Retry-After', 'Location', 'Upload-Offset']),
    );
    expect(headers['access-control-allow-origin']).toBe(ORIGIN);
  });

  it('depends on the origin and on what the handler adds, each said once', async () => {
    const { headers } = await server.inject({ url: '/', headers: { origin: ORIGIN } });
    expect(headers.vary).toBe('Origin, Accept');
  });

  it('lets a preflight be kept, and takes any header', async () => {
    const { statusCode, headers } = await server.inject({
      method: 'OPTIONS',
      url: '/',
      headers: {
        origin: ORIGIN,
        'access-control-request-method': 'PUT',
        'access-control-request-headers': 'content-md5, training-key',
      },
    });
    expect([statusCode, headers['access-control-max-age'], headers['access-control-allow-headers']]).toEqual([
      204,
      '7200',
      'content-md5, training-key',
    ]);
  });
});
