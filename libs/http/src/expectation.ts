import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { joinChunks } from './small-chunks.js';

/** Requests whose client sends the body only after a `100 Continue`, which has not been sent yet. */
const waiting = new WeakSet<IncomingMessage>();

/**
 * Answers `Expect: 100-continue` when the body is read for the first time. A request that is refused before gets its
 * final status at once, and Node.js then closes the connection. By default Node.js asks for the body of every request.
 */
export function acceptExpectations(fastify: FastifyInstance): void {
  const { server } = fastify;
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    waiting.add(request);
    server.emit('request', request, response);
  });
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    const { raw } = request;
    if (waiting.has(raw))
      done(null, joinChunks(Readable.from(askedFor(raw, reply.raw, payload), { objectMode: false })));
    else done(null, payload);
  });
}

/** Returns whether the client has not been told yet to send its body. Nothing is left to drain then. */
export function awaitsContinue({ raw }: Pick<FastifyRequest, 'raw'>): boolean {
  return waiting.has(raw);
}

async function* askedFor(request: IncomingMessage, response: ServerResponse, body: AsyncIterable<Buffer>) {
  waiting.delete(request);
  response.writeContinue();
  yield* body;
}
