import type { Logger } from '@pentaprism/observability';
import type { FastifyInstance } from 'fastify';
import { Readable } from 'node:stream';

/**
 * Logs answers that break off because the stream of their body fails after the head was sent. The client gets a closed
 * connection and no status, so the log is the only place that says why. Failures before the head are answered as errors.
 *
 * A client that goes away closes the stream without an error, which is not logged.
 */
export function logBrokenAnswers(fastify: FastifyInstance, logger: Pick<Logger, 'error'>): void {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    if (payload instanceof Readable)
      payload.once('error', (error) => {
        if (!reply.raw.headersSent) return;
        const { id: traceId, method } = request;
        logger.error({ err: error, traceId, method, route: request.routeOptions.url }, 'http: an answer broke off');
      });
    done();
  });
}
