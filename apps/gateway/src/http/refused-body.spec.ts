import { afterEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { bodyDropped, dropRefusedBody, type RefusedBodySettings } from './refused-body.js';

const LIMITS: RefusedBodySettings = { lookMs: 100, looks: 3, leastBytes: 1000 };
let server: Server;
afterEach(() => void server.close());

/** A client of a server that refuses whatever comes, in the middle of its body. */
async function refused(length: number): Promise<{ socket: Socket; answer: Promise<string> }> {
  server = createServer((request, response) => {
    dropRefusedBody(request, LIMITS);
    response.writeHead(401, { 'content-length': 2 }).end('no');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${length}\r\n\r\n`);
  const answer = once(socket, 'data').then(([data]) => String(data));
  return { socket, answer };
}

/** Also after a reset. */
const closed = (socket: Socket) => new Promise((resolve) => socket.once('close', resolve));

describe('dropRefusedBody', () => {
  it('ends a connection that trickles on after the refusal', async () => {
    const { socket, answer } = await refused(1_000_000);
    expect(await answer).toMatch(/^HTTP\/1.1 401/);
    const trickle = setInterval(() => socket.write('x'), 20);
    // Without the limit it would stay open until the test's own time is over.
    await closed(socket);
    clearInterval(trickle);
  });

  it('ends a connection that sends fast for too long', async () => {
    const { socket, answer } = await refused(1e12);
    await answer;
    const flood = setInterval(() => socket.write(Buffer.alloc(10_000)), 10);
    await closed(socket);
    clearInterval(flood);
  });

  it('keeps a connection whose body comes to its end', async () => {
    const { socket, answer } = await refused(3000);
    await answer;
    socket.write(Buffer.alloc(3000));
    // Longer than the limits allow a body to take.
    await new Promise((resolve) => setTimeout(resolve, LIMITS.lookMs * (LIMITS.looks + 2)));
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1.1 401/);
    socket.destroy();
  });
});

describe('bodyDropped', () => {
  /** Returns a connection whose answer ends it, and waits for the body before. */
  async function closing(
    limits: Parameters<typeof bodyDropped>[1],
  ): Promise<{ socket: Socket; answer: Promise<string> }> {
    server = createServer((request, response) => {
      dropRefusedBody(request, LIMITS);
      void bodyDropped(request, limits).then(() => response.writeHead(422, { connection: 'close' }).end('no'));
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\nConnection: close\r\n\r\n');
    return { socket, answer: once(socket, 'data').then(([data]) => String(data)) };
  }

  it('lets a client that waits for its answer have it', async () => {
    const { socket, answer } = await closing({ limitMs: 60_000, silenceMs: 20 });
    expect(await answer).toMatch(/^HTTP\/1.1 422/);
    socket.destroy();
  });

  it('ends at its limit while the client goes on sending', async () => {
    const { socket, answer } = await closing({ limitMs: 60, silenceMs: 30 });
    const flood = setInterval(() => socket.write(Buffer.alloc(10_000)), 5);
    expect(await answer).toMatch(/^HTTP\/1.1 422/);
    clearInterval(flood);
    socket.destroy();
  });
});
