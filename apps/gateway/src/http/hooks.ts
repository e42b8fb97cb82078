import { DomainError } from '@pentaprism/domain';
import { awaitsContinue, isGivenUp, principalOf, type AccessConfig } from '@pentaprism/http';
import { metrics, runWithContext, traceIdFrom } from '@pentaprism/observability';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Socket } from 'node:net';
import { accessOf, declareAccess, errorShapeOf } from './access.js';
import { AllowedMethods } from './allowed-methods.js';
import type { AuditLog } from './audit.js';
import type { Authentication } from './authentication.js';
import { bodyDropped, dropRefusedBody, REFUSED_BODY } from './refused-body.js';
import { checkTarget } from './request-target.js';
import { rememberRequest } from './unparsable.js';

/** What every request goes through, in this order, whatever dialect it belongs to. */
export function addHooks(fastify: FastifyInstance, authentication: Authentication, audit: AuditLog): void {
  declareAccess(fastify);
  const allowed = new AllowedMethods();
  fastify.addHook('onRoute', ({ url, method, config }) => {
    if (!(config as AccessConfig | undefined)?.isFallback) allowed.add(url, method);
  });
  fastify.addHook('onRequest', async (request, reply) => {
    rememberRequest(request.raw);
    // A silent client is given up (IDLE_TIMEOUT), but not one that waits for us: its request is complete.
    reply.raw.on('timeout', (socket: Socket) => {
      if (!request.raw.complete || reply.raw.headersSent) socket.destroy();
    });
    void reply.header('X-Request-Id', request.id).header('X-Content-Type-Options', 'nosniff');
    const access = accessOf(request);
    checkTarget(request);
    if (access.role !== 'none') await authentication.authenticate(request, access.dialect, access.role);
    const [path = ''] = request.url.split('?', 1);
    if (request.is404) refuseMethod(allowed.of(path), reply);
    else {
      if (access.dialect.reservesFixedSegments) refuseMethod(allowed.ofBetter(path, access.path), reply);
      refuseEncoding(request);
    }
  });
  // After the body was read. The handler's calls to services carry this context.
  fastify.addHook('preHandler', (request, _reply, done) => {
    const principal = accessOf(request).role === 'none' ? undefined : principalOf(request);
    const context = { traceId: request.id, workspace: principal?.workspace ?? '', actor: principal?.name ?? '' };
    runWithContext(context, done);
  });
  fastify.addHook('onSend', async (request, reply) => {
    const { raw } = request;
    if (isGivenUp(request)) void reply.header('Connection', 'close');
    else if (reply.statusCode >= 400 && !raw.complete && !awaitsContinue(request)) await drop(request, reply);
  });
  fastify.addHook('onResponse', async (request, reply) => {
    observe(request, reply);
    audit.record(request, reply.statusCode);
  });
}

/** The trace id of the client where it sends one, so that its log and ours can be read together. */
export function requestId(request: { headers: Record<string, unknown> }): string {
  const { traceparent } = request.headers;
  return traceIdFrom(typeof traceparent === 'string' ? traceparent : undefined);
}

/** A path that exists with other methods says so. */
function refuseMethod(methods: readonly string[], reply: FastifyReply): void {
  if (methods.length === 0) return;
  void reply.header('Allow', methods.join(', '));
  throw new DomainError('METHOD_NOT_ALLOWED', `This path takes ${methods.join(', ')}.`);
}

/** Refuses encoded bodies, which are not decoded here: a picture would be stored in compressed form, and JSON could not be parsed. */
function refuseEncoding({ method, headers }: FastifyRequest): void {
  if (method === 'GET' || method === 'HEAD') return;
  const encodings = (headers['content-encoding'] ?? '').split(',').map((name) => name.trim().toLowerCase());
  if (encodings.some((name) => name !== '' && name !== 'identity'))
    throw new DomainError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as it is, without a Content-Encoding.');
}

function observe(request: FastifyRequest, reply: FastifyReply): void {
  const labels = {
    dialect: errorShapeOf(request).dialect.name,
    method: request.method,
    // The pattern, never the path: a label for every image would fill Prometheus.
    route: request.routeOptions.url ?? 'unmatched',
    status: String(reply.statusCode),
  };
  metrics.httpRequests.observe(labels, reply.elapsedTime / 1000);
}

/** Milliseconds that an answer waits for the end of a body, for clients that look at it only then. */
const READ_ON_MS = 500;
/** The same for a connection that ends with its answer. Shorter than the time after which the connection ends without one. */
const READ_ON_CLOSING_MS = REFUSED_BODY.lookMs / 2;

/**
 * A refusal can come before the body was read. Where the connection ends with the answer, the answer waits as long as the client
 * sends: closing the connection then would be a reset for the client, and the answer would be lost.
 */
async function drop({ raw }: FastifyRequest, reply: FastifyReply): Promise<void> {
  dropRefusedBody(raw);
  const closes = !reply.raw.shouldKeepAlive || /close/i.test(String(reply.getHeader('connection') ?? ''));
  await bodyDropped(raw, { limitMs: closes ? READ_ON_CLOSING_MS : READ_ON_MS, silenceMs: READ_ON_MS });
}
