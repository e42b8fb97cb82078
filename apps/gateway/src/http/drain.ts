import { Injectable } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import type { Socket } from 'node:net';

/** Milliseconds between looks at the connections of a server that closes. */
const LOOK_MS = 50;
/** Milliseconds that a connection on which nothing has come yet is kept: its first request may be on the way. */
const FIRST_REQUEST_MS = 500;

/** Whether this gateway is about to stop: it serves as before, and sends its clients elsewhere. */
@Injectable()
export class Drain {
  private begun = false;

  get draining(): boolean {
    return this.begun;
  }

  begin(): void {
    this.begun = true;
  }
}

/**
 * Lets go of the server's connections while it drains and while it closes. Node.js closes those that are idle once, at the
 * first moment of the closing: one that answers just then would be kept for the whole keep-alive time, and so would one
 * that a browser has opened in advance, and the stop would have to be cut off.
 */
export function releaseConnections(fastify: FastifyInstance, drain: Drain): void {
  const { server } = fastify;
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  fastify.addHook('onSend', async (_request, reply) => {
    // The next request of this client opens a connection, and that goes to a gateway which stays.
    if (drain.draining) void reply.header('Connection', 'close');
  });
  fastify.addHook('preClose', async () => {
    const since = performance.now();
    const timer = setInterval(() => {
      server.closeIdleConnections();
      if (performance.now() - since < FIRST_REQUEST_MS) return;
      for (const socket of open) if (socket.bytesRead === 0) socket.destroy();
    }, LOOK_MS);
    server.once('close', () => clearInterval(timer));
  });
}
