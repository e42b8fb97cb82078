import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { fastify, type FastifyInstance } from 'fastify';
import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Drain, releaseConnections } from './drain.js';

/** Much less than the keep-alive time, for which what is left behind would be kept. */
const SOON_MS = 3000;
const SLOW_MS = 300;
/** Of the answer whose head has gone before the closing. */
const PARTS = 4;

let drain: Drain;
let server: FastifyInstance;
let port: number;

beforeEach(async () => {
  drain = new Drain();
  server = fastify({ forceCloseConnections: 'idle', return503OnClosing: false });
  releaseConnections(server, drain);
  server.get('/slow', async () => {
    await sleep(SLOW_MS);
    return 'late';
  });
  server.get('/long', (_request, reply) => {
    reply.raw.writeHead(200, { 'Content-Length': PARTS });
    void (async () => {
      for (let part = 0; part < PARTS; part++) {
        reply.raw.write('x');
        await sleep(SLOW_MS / 2);
      }
      reply.raw.end();
    })();
    reply.hijack();
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  port = (server.server.address() as AddressInfo).port;
});
afterEach(() => server.close());

/** A connection that is kept, as HTTP/1.1 has it. */
function open(): { socket: Socket; received: () => string; ask: (path: string) => void; closed: Promise<unknown> } {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.on('data', (chunk) => (text += chunk.toString()));
  socket.on('error', (error) => (text += ` ${error.message}`));
  return {
    socket,
    received: () => text,
    ask: (path) => socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`),
    closed: once(socket, 'close'),
  };
}

async function closesSoon(): Promise<boolean> {
  return Promise.race([server.close().then(() => true), sleep(SOON_MS, false, { ref: false })]);
}

describe('a gateway that drains', () => {
  it('answers, also what was asked before, and gives the connections back', async () => {
    const [before, after] = [open(), open()];
    before.ask('/slow');
    await sleep(SLOW_MS / 3);
    drain.begin();
    after.ask('/slow');
    await Promise.all([before.closed, after.closed]);
    for (const { received } of [before, after]) {
      expect(received()).toMatch(/^HTTP\/1\.1 200 /);
      expect(received()).toMatch(/^connection: close\r$/im);
      expect(received()).toMatch(/late$/);
    }
  });

  it('keeps connections as long as it does not drain', async () => {
    const client = open();
    client.ask('/slow');
    await sleep(SLOW_MS * 2);
    expect(client.received()).toMatch(/^connection: keep-alive\r$/im);
    client.socket.destroy();
  });
});

describe('a gateway that closes', () => {
  it('finishes the answer whose head has gone, and does not wait for what comes after it', async () => {
    const client = open();
    client.ask('/long');
    await sleep(SLOW_MS / 3);
    expect(client.received()).toMatch(/^connection: keep-alive\r$/im);
    expect(await closesSoon()).toBe(true);
    await client.closed;
    expect(client.received()).toMatch(/\r\n\r\nx{4}$/);
  });

  it('does not wait for a connection on which nothing was asked', async () => {
    const client = open();
    await once(client.socket, 'connect');
    await sleep(50);
    expect(await closesSoon()).toBe(true);
    await client.closed;
  });

  it('answers the first request of a connection that was on the way', async () => {
    const client = open();
    await once(client.socket, 'connect');
    await sleep(50);
    const closing = server.close();
    await sleep(100);
    client.ask('/slow');
    await Promise.all([closing, client.closed]);
    expect(client.received()).toMatch(/late$/);
  });
});
