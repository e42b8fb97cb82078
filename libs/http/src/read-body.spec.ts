import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DomainError } from '@pentaprism/domain';
import { fastify, type FastifyInstance, type FastifyRequest } from 'fastify';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { Readable } from 'node:stream';
import { BodyMemory, releaseBody, shareBodyMemory } from './body-memory.js';
import { registerJsonParser, type BodyConfig } from './json-body.js';
import { LiftedText } from './json-reader.js';
import { setPrincipal } from './principal.js';
import { readBody } from './read-body.js';

const KB = 1024;
const SETTINGS = { total: 1024 * KB, free: 4 * KB, waitMs: 2000, leastRate: 10 * KB, rateWindowMs: 1000 };
const STATUSES = { INVALID_ARGUMENT: 400, PAYLOAD_TOO_LARGE: 413, RATE_LIMITED: 429, UNAVAILABLE: 503 } as Record<string, number>; // prettier-ignore

let memory: BodyMemory;
let server: FastifyInstance;
let sockets: Socket[];
/** Ends the requests that are being handled. */
let finish: () => void;
let handled: number;
/** Requests to `/late` are authenticated when it is fulfilled. */
let authenticated: Promise<void>;
let authenticate: () => void;
let failures: number;

beforeEach(async () => {
  memory = new BodyMemory(SETTINGS);
  server = fastify();
  sockets = [];
  handled = 0;
  failures = 0;
  authenticated = new Promise<void>((resolve) => (authenticate = resolve));
  const finished = new Promise<void>((resolve) => (finish = resolve));
  server.addHook('onRequest', async (request) => {
    const workspace = String(request.headers['x-workspace'] ?? 'a');
    if (request.url === '/late') await authenticated;
    setPrincipal(request, { keyId: 'k', name: 'test', role: 'editor', workspace });
  });
  shareBodyMemory(server, memory);
  registerJsonParser(server);
  server.setErrorHandler((error, _request, reply) => {
    const { code, details, message } = error as DomainError;
    failures++;
    void reply.status(STATUSES[code] ?? 500).send({ message, retryAfter: details?.['retryAfter'] });
  });
  const config: BodyConfig = { jsonBodyLimit: 2048 * KB, lifted: ['data'] };
  server.post('/size', { config }, async ({ body }) => {
    const { data } = body as { data: unknown };
    return { size: data instanceof LiftedText ? data.size : String(data).length };
  });
  server.post('/late', { config }, async () => ({}));
  server.post('/handle', { config }, async (request) => {
    handled++;
    await finished;
    releaseBody(request);
    return { held: memory.held };
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
});

afterEach(async () => {
  authenticate();
  finish();
  for (const socket of sockets) socket.destroy();
  await server.close();
});

const bodyOf = (bytes: number) => JSON.stringify({ data: 'A'.repeat(bytes) });

/** Begins a request, and sends `sent` bytes of its body of `length` bytes. */
function begin(path: string, length: number, sent: number, workspace = 'a') {
  const socket = connect((server.server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket);
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  socket.on('error', () => undefined);
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: x\r\nX-Workspace: ${workspace}\r\nContent-Type: application/json\r\n` +
      `Connection: close\r\nContent-Length: ${length}\r\n\r\n${bodyOf(length - 11).slice(0, sent)}`,
  );
  const answered = async () => {
    await once(socket, 'close');
    const [, status, body = ''] = /^HTTP\/1\.1 (\d+)[^]*?\r\n\r\n([^]*)$/.exec(text) ?? [];
    return { status: Number(status), body: JSON.parse(body) as Record<string, unknown> };
  };
  return { socket, answered };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

const post = (bytes: number, workspace = 'a', path = '/size') =>
  server.inject({
    method: 'POST',
    url: path,
    headers: { 'content-type': 'application/json', 'x-workspace': workspace },
    payload: bodyOf(bytes),
  });

describe('a body that is read whole', () => {
  it('is counted as it arrives, whatever length it announces, and until it is released', async () => {
    const { socket, answered } = begin('/handle', 300 * KB, 100 * KB);
    await until(() => memory.held > 0);
    expect(memory.held).toBeLessThanOrEqual(2 * 200 * KB);
    socket.write(bodyOf(300 * KB - 11).slice(100 * KB));
    await until(() => handled === 1);
    expect(memory.held).toBeGreaterThanOrEqual(2 * 300 * KB - SETTINGS.free);
    finish();
    expect(await answered()).toEqual({ status: 200, body: { held: 0 } });
  });

  it('that is small needs no memory of what is shared', async () => {
    begin('/handle', 380 * KB, 370 * KB);
    begin('/handle', 200 * KB, 120 * KB, 'b');
    await until(() => memory.held > 900 * KB);
    const answer = await post(1000);
    expect([answer.statusCode, answer.json()]).toEqual([200, { size: 1000 }]);
  });

  it('finds some memory while another workspace has as much as it may have', async () => {
    for (let i = 0; i < 4; i++) begin('/handle', 300 * KB, 200 * KB);
    await until(() => memory.held > 600 * KB);
    const answer = await post(50 * KB, 'b');
    expect([answer.statusCode, answer.json()]).toEqual([200, { size: 50 * KB }]);
  });

  it('is refused with Retry-After if there is no memory for long', async () => {
    const { answered } = begin('/handle', 380 * KB, 380 * KB);
    await until(() => handled === 1);
    const answer = await post(300 * KB);
    expect([answer.statusCode, answer.json()]).toMatchObject([503, { retryAfter: 10 }]);
    finish();
    expect((await answered()).status).toBe(200);
    expect((await post(300 * KB)).statusCode).toBe(200);
    expect(memory.held).toBe(0);
  });

  it('makes way for another one if all of its workspace wait', async () => {
    const first = begin('/size', 360 * KB, 200 * KB);
    await until(() => memory.held > 380 * KB);
    const second = begin('/size', 360 * KB, 360 * KB);
    await until(() => memory.held > 600 * KB);
    first.socket.write(bodyOf(360 * KB - 11).slice(200 * KB));
    const answers = [await first.answered(), await second.answered()];
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 429]);
    expect(memory.held).toBe(0);
  });

  it('of which less than the least rate comes is given up', async () => {
    const { socket, answered } = begin('/size', 300 * KB, 20 * KB);
    const trickle = setInterval(() => socket.write('A'), 100);
    const answer = await answered().finally(() => clearInterval(trickle));
    expect(answer).toMatchObject({ status: 400, body: { message: expect.stringMatching(/too slowly/) } });
    expect(memory.held).toBe(0);
  });

  it('gives its memory back when the client goes away', async () => {
    const { socket } = begin('/size', 300 * KB, 100 * KB);
    await until(() => memory.held > 0);
    socket.destroy();
    await until(() => memory.held === 0);
  });

  it('gives its memory back when the client goes away while it waits for more, and lets others have it', async () => {
    const first = begin('/handle', 380 * KB, 380 * KB);
    await until(() => handled === 1);
    const second = begin('/size', 300 * KB, 300 * KB);
    await until(() => memory.waiting === 1);
    second.socket.destroy();
    await until(() => memory.waiting === 0);
    finish();
    expect((await first.answered()).status).toBe(200);
    expect(memory.held).toBe(0);
    expect((await post(300 * KB)).statusCode).toBe(200);
  });

  it('gives its memory back when the client goes away while the request is handled', async () => {
    const { socket } = begin('/handle', 300 * KB, 300 * KB);
    await until(() => handled === 1);
    expect(memory.held).toBeGreaterThan(500 * KB);
    socket.destroy();
    await until(() => memory.held === 0);
  });

  it('takes no memory if the client has gone away before the body is read', async () => {
    const { socket } = begin('/late', 300 * KB, 100 * KB);
    await new Promise((resolve) => socket.write('A', resolve));
    socket.destroy();
    authenticate();
    await until(() => failures === 1);
    expect(memory.held).toBe(0);
    expect((await post(300 * KB)).statusCode).toBe(200);
  });

  it('that could never get enough memory is refused as too large', async () => {
    const answer = await post(1000 * KB);
    expect(answer.statusCode).toBe(413);
    expect(memory.held).toBe(0);
  });
});

describe('readBody', () => {
  let request: FastifyRequest;
  beforeEach(() => {
    request = { headers: {}, raw: {} } as FastifyRequest;
  });
  const read = async (sizes: readonly number[], limit = 1_000_000) => {
    const chunks = sizes.map((size, i) => Buffer.alloc(size, i));
    const pieces: Buffer[] = [];
    const take = (piece: Buffer) => pieces.push(piece);
    const size = await readBody(request, Readable.from(chunks), { limit, take });
    expect(Buffer.concat(pieces)).toEqual(Buffer.concat(chunks));
    return { size, pieces: pieces.map(({ length }) => length) };
  };

  it('joins small chunks, since each costs more than its bytes', async () => {
    const { size, pieces } = await read([...Array.from({ length: 4000 }, () => 10), 1]);
    expect([size, pieces]).toEqual([40_001, [16_384, 16_384, 7233]]);
  });

  it.each([
    [
      [70_000, 70_000],
      [70_000, 70_000],
    ],
    [[5], [5]],
    [
      [5, 70_000],
      [16_384, 53_621],
    ],
    [
      [70_000, 5, 5],
      [70_000, 10],
    ],
    [[], []],
  ])('gives chunks of %j as pieces of %j', async (sizes, expected) => {
    expect((await read(sizes)).pieces).toEqual(expected);
  });

  it('reads up to the limit, and drains before it refuses', async () => {
    expect((await read([3, 4], 7)).size).toBe(7);
    const source = Readable.from([Buffer.alloc(5), Buffer.alloc(5), Buffer.alloc(5)]);
    const refused = readBody(request, source, { limit: 7, take: () => undefined });
    await expect(refused).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect(source.readableEnded).toBe(true);
  });

  it('drains before it throws what its reader throws', async () => {
    const source = Readable.from([Buffer.alloc(5), Buffer.alloc(5)]);
    const take = () => {
      throw new DomainError('INVALID_ARGUMENT', 'bad');
    };
    await expect(readBody(request, source, { limit: 70, take })).rejects.toThrow('bad');
    expect(source.readableEnded).toBe(true);
  });

  it('lets go of what was read before it drains the rest', async () => {
    const source = Readable.from(Array.from({ length: 100 }, () => Buffer.alloc(5)));
    const drained: boolean[] = [];
    const drop = () => drained.push(source.readableEnded);
    const refused = readBody(request, source, { limit: 7, take: () => undefined, drop });
    await expect(refused).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
    expect([...drained, source.readableEnded]).toEqual([false, true]);
  });

  it('takes no memory if the connection has been closed already', async () => {
    request = { headers: {}, raw: { socket: { destroyed: true } } } as FastifyRequest;
    await expect(read([100_000])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });

  it('reports that the client stopped', async () => {
    async function* cut(): AsyncGenerator<Buffer> {
      yield Buffer.alloc(3);
      throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
    }
    const refused = readBody(request, cut(), { limit: 7, take: () => undefined });
    await expect(refused).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  });
});

describe('work for bodies', () => {
  it('of a workspace that sends many large ones does not hold up another workspace', async () => {
    const order: string[] = [];
    const shared = fastify();
    shareBodyMemory(shared, new BodyMemory());
    const work = () => {
      const end = performance.now() + 6;
      while (performance.now() < end);
    };
    shared.get('/:workspace', async (request) => {
      const { workspace } = request.params as { workspace: string };
      setPrincipal(request, { keyId: 'k', name: 'test', role: 'editor', workspace });
      const source = new Readable({ read: () => undefined, highWaterMark: 1_000_000 });
      for (let i = 0; i < 10; i++) source.push(Buffer.alloc(20 * KB));
      source.push(null);
      const take = () => {
        order.push(workspace);
        work();
      };
      return { size: await readBody(request, source, { limit: 1_000_000, take, cost: () => 0 }) };
    });
    const read = (workspace: string) => shared.inject(`/${workspace}`);
    const answers = await Promise.all([...Array.from({ length: 5 }, () => read('a')), read('b')]);
    expect(answers.map((answer) => answer.json())).toEqual(Array.from({ length: 6 }, () => ({ size: 200 * KB })));
    expect(order.indexOf('b')).toBeLessThan(10);
    expect(order.lastIndexOf('b')).toBeLessThan(40);
  });
});

describe('LiftedText', () => {
  const bytes = Buffer.from(Array.from({ length: 1000 }, (_, i) => (i * 7) % 256));
  const lifted = (text: string, size: number) => {
    const pieces: Buffer[] = [];
    for (let at = 0; at < text.length; at += size) pieces.push(Buffer.from(text.slice(at, at + size)));
    return new LiftedText(pieces);
  };
  const base64 = bytes.toString('base64');

  it.each([1, 3, 4, 76, 10_000])('decodes base64 in pieces of %i', (size) => {
    expect(lifted(base64, size).takeBase64()).toEqual(bytes);
    expect(lifted(base64.replace(/.{76}/g, '$&\r\n'), size).takeBase64()).toEqual(bytes);
    expect(lifted(base64.replaceAll('/', '\\/').replaceAll('+', '\\u002B'), size).takeBase64()).toEqual(bytes);
    for (const bad of [`=${base64}`, base64.slice(1), `${base64}=`, base64.replace('A', '-'), base64.replace('A', 'é')])
      expect(() => lifted(bad, size).takeBase64()).toThrow('must be base64');
    expect(() => lifted(base64.replaceAll('+', ' '), size).takeBase64()).toThrow(/spaces/);
  });
});
