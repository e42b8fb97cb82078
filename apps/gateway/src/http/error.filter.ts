import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { DomainError } from '@pentaprism/domain';
import { asHttpFailure, MalformedRequest, type BodyConfig } from '@pentaprism/http';
import type { Logger } from '@pentaprism/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { randomUUID } from 'node:crypto';
import { errorShapeOf } from './access.js';

/** Answers every failure in the words of the dialect that the path belongs to. */
/** Names the types of bodies that a route takes, for a 415. */
function bodyTypesOf(request: FastifyRequest): string | undefined {
  const { multipart, streamed } = (request.routeOptions?.config ?? {}) as BodyConfig;
  if (!multipart) return undefined;
  return streamed ? 'multipart/form-data, or one file as application/octet-stream' : 'multipart/form-data';
}

@Catch()
export class HttpErrorFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(thrown, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  answer(thrown: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const failure = asHttpFailure(thrown, bodyTypesOf(request));
    const error = this.withErrorId(failure, request);
    // The client is gone, or half of a file is sent already: the connection ends, and nothing can be said.
    if (reply.sent || reply.raw.headersSent) {
      reply.raw.destroy();
      return;
    }
    const { dialect, asked } = errorShapeOf(request);
    const usual = dialect.statusFor?.(error, request) ?? dialect.statuses[error.code];
    const status = error instanceof MalformedRequest ? 400 : usual;
    if (status === 401) void reply.header('WWW-Authenticate', dialect.challenge);
    const { retryAfter } = error.details;
    if (typeof retryAfter === 'number') void reply.header('Retry-After', retryAfter);
    const body = dialect.errorBody(status, error, asked);
    const { type, text } = dialect.writeError?.(body, asked) ?? {
      type: 'application/json',
      text: JSON.stringify(body),
    };
    // A Buffer, since Fastify adds a charset to the content type of text, which one dialect's client cannot bear.
    void reply.status(status).header('Content-Type', type).send(Buffer.from(text));
  }

  /** What is not the client's mistake is logged, under an id that the client is told. */
  private withErrorId(error: DomainError, request: FastifyRequest): DomainError {
    if (error.code !== 'INTERNAL') return error;
    const { errorId = randomUUID(), ...details } = error.details;
    this.logger.error({ err: error, errorId, method: request.method, route: request.routeOptions.url }, 'http: failed');
    return new DomainError('INTERNAL', `Something went wrong here. The log has the details under ${String(errorId)}.`, {
      ...details,
      errorId,
    });
  }
}
