import { DomainError } from '@pentaprism/domain';
import fastify, { type FastifyInstance } from 'fastify';

/** Returns a server that answers errors with their code: 404 for what is not there, 500 for all others. */
export function codesServer(): FastifyInstance {
  const server = fastify();
  server.setErrorHandler((failure, _request, reply) => {
    const code = DomainError.is(failure) ? failure.code : 'other';
    return reply.status(code === 'NOT_FOUND' ? 404 : 500).send({ code });
  });
  return server;
}
