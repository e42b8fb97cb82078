import { afterEach, expect, it } from '@jest/globals';
import type { Logger } from '@pentaprism/observability';
import { fastify, type FastifyInstance } from 'fastify';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { logBrokenAnswers } from './broken-answers.js';

let server: FastifyInstance;
afterEach(() => server.close());

/** Starts a server whose only answer is this stream. Returns its URL, and what is logged. */
async function serve(body: () => Readable): Promise<{ url: string; logged: object[] }> {
  const logged: object[] = [];
  server = fastify();
  logBrokenAnswers(server, { error: (line: object) => void logged.push(line) } as unknown as Logger);
  server.get('/files/:id', (_request, reply) => reply.send(body()));
  await server.listen({ host: '127.0.0.1', port: 0 });
  return { url: `http://127.0.0.1:${(server.server.address() as AddressInfo).port}/files/1`, logged };
}

async function answerOf(url: string): Promise<IncomingMessage> {
  const [answer] = (await once(get(url), 'response')) as [IncomingMessage];
  return answer;
}

async function* failsAfter(chunks: string[]) {
  yield* chunks;
  throw new Error('the disk is gone');
}

it('logs why an answer broke off after its head, and for which route', async () => {
  const { url, logged } = await serve(() => Readable.from(failsAfter(['half'])));
  await expect((await answerOf(url)).toArray()).rejects.toThrow('aborted');
  expect(logged).toEqual([
    expect.objectContaining({
      err: expect.objectContaining({ message: 'the disk is gone' }),
      ...{ method: 'GET', route: '/files/:id', traceId: expect.any(String) },
    }),
  ]);
});

it('logs nothing for a failure that is answered with a status', async () => {
  const { url, logged } = await serve(() => Readable.from(failsAfter([])));
  expect((await answerOf(url)).statusCode).toBe(500);
  expect(logged).toEqual([]);
});

it('logs nothing when the client goes away', async () => {
  let closed: Promise<unknown> = Promise.resolve();
  const { url, logged } = await serve(() => {
    const body = new Readable({ read: () => undefined });
    body.push('half');
    closed = once(body, 'close');
    return body;
  });
  (await answerOf(url)).destroy();
  await closed;
  expect(logged).toEqual([]);
});
