import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DomainError } from '@pentaprism/domain';
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { isGivenUp } from './given-up.js';
import { registerJsonParser } from './json-body.js';
import { readForm, registerFormParser } from './multipart.js';
import { joinChunks, joinSmallChunks } from './small-chunks.js';

describe('joinChunks', () => {
  it('buffers very many single bytes as a few pieces, in their order', async () => {
    const stream = joinChunks(new Readable({ read: () => undefined, highWaterMark: 64 * 1024 }));
    stream.push(Buffer.alloc(10_000, 1));
    let more = true;
    for (let i = 0; i < 40_000; i++) more &&= stream.push(Buffer.from([i % 251]));
    expect(more).toBe(true);
    stream.push(Buffer.alloc(5000, 2));
    stream.push(null);
    const pieces: Buffer[] = await stream.toArray();
    expect(pieces.length).toBeLessThanOrEqual(5);
    const single = Buffer.from(Array.from({ length: 40_000 }, (_, i) => i % 251));
    expect(Buffer.concat(pieces)).toEqual(Buffer.concat([Buffer.alloc(10_000, 1), single, Buffer.alloc(5000, 2)]));
  });

  it('gives a waiting reader each chunk at once', async () => {
    const stream = joinChunks(new Readable({ read: () => undefined }));
    const iterator = stream[Symbol.asyncIterator]();
    for (const text of ['a', 'b', 'c']) {
      const next = iterator.next();
      await nextTurn();
      stream.push(Buffer.from(text));
      expect(await next).toEqual({ done: false, value: Buffer.from(text) });
    }
  });

  it('says when the buffer is full, and reads on when there is room', async () => {
    let reads = 0;
    const stream = joinChunks(new Readable({ read: () => void reads++, highWaterMark: 8 }));
    await nextTurn();
    stream.pause();
    const more = Array.from({ length: 8 }, () => stream.push(Buffer.from('a')));
    expect(more).toEqual([true, true, true, true, true, true, true, false]);
    const before = reads;
    expect(stream.read()).toEqual(Buffer.from('aaaaaaaa'));
    await nextTurn();
    expect(reads).toBeGreaterThan(before);
  });
});

describe('joinSmallChunks', () => {
  let server: FastifyInstance;
  let sockets: Socket[];
  let read: (body: Readable) => Promise<void>;
  let lastRequest: FastifyRequest | undefined;

  beforeEach(async () => {
    server = fastify();
    sockets = [];
    joinSmallChunks(server);
    registerJsonParser(server);
    registerFormParser(server);
    server.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
    server.setErrorHandler((error, request, reply) => {
      // Nothing more is read of the connection, not even its end.
      if (isGivenUp(request)) void reply.header('connection', 'close');
      void reply.status(DomainError.is(error) ? 400 : 500).send({ message: (error as Error).message });
    });
    server.addHook('onRequest', async (request) => void (lastRequest = request));
    server.post('/stream', async ({ body }) => {
      await read(body as Readable);
      return {};
    });
    server.post('/json', async () => ({}));
    server.post('/form', { config: { multipart: true } }, async (request) => {
      await readForm(request, async (parts) => {
        for await (const part of parts) for await (const _ of part.bytes);
      });
      return {};
    });
    await server.listen({ host: '127.0.0.1', port: 0 });
  });

  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await server.close();
  });

  const begin = (path: string, type: string) => {
    const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(socket);
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', () => undefined);
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`);
    const answered = async () => {
      while (!text.includes('\r\n\r\n')) await Promise.race([once(socket, 'data'), once(socket, 'close')]);
      return text;
    };
    return { socket, answered };
  };
  const chunks = (count: number, text: string) => `${text.length.toString(16)}\r\n${text}\r\n`.repeat(count);

  it('keeps few pieces of a body of single bytes while nobody reads it', async () => {
    let pieces = 0;
    read = async (body) => {
      while (!lastRequest?.raw.complete) await nextTurn();
      for await (const _ of body) pieces++;
    };
    const { socket, answered } = begin('/stream', 'application/octet-stream');
    socket.write(`${chunks(4500, 'a')}0\r\n\r\n`);
    expect(await answered()).toMatch(/^HTTP\/1\.1 200/);
    expect(pieces).toBeLessThan(20);
  });

  it.each([
    ['a streamed body', '/stream', 'application/octet-stream', ''],
    ['JSON', '/json', 'application/json', '"'],
    ['a form', '/form', 'multipart/form-data; boundary=b', '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n'],
  ])('refuses very many small chunks in %s, and answers', async (_what, path, type, head) => {
    read = async (body) => {
      for await (const _ of body);
    };
    const { socket, answered } = begin(path, type);
    socket.write(chunks(1, head || 'a'));
    socket.write(chunks(6000, 'a'.repeat(20)));
    const text = await answered();
    expect(text).toMatch(/^HTTP\/1\.1 400/);
    expect(text).toContain('chunks of less than 32 bytes');
    expect(lastRequest && isGivenUp(lastRequest)).toBe(true);
  });

  it('refuses them although nobody reads the body yet', async () => {
    read = async (body) => {
      while (!body.destroyed) await nextTurn();
      for await (const _ of body);
    };
    const { socket, answered } = begin('/stream', 'application/octet-stream');
    socket.write(chunks(6000, 'a'));
    expect(await answered()).toMatch(/^HTTP\/1\.1 400/);
  });

  it('takes the same number of larger chunks', async () => {
    let size = 0;
    read = async (body) => {
      for await (const chunk of body) size += (chunk as Buffer).length;
    };
    const { socket, answered } = begin('/stream', 'application/octet-stream');
    socket.write(`${chunks(6000, 'a'.repeat(40))}0\r\n\r\n`);
    expect(await answered()).toMatch(/^HTTP\/1\.1 200/);
    expect(size).toBe(240_000);
  });
});
