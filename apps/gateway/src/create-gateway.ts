import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { answerMetrics, Bus, connectBus } from '@pentaprism/bus';
import {
  acceptExpectations,
  acceptSerializedJson,
  BodyMemory,
  compareDigests,
  Contents,
  createValidationPipe,
  joinSmallChunks,
  registerFormParser,
  registerJsonParser,
  registerStreamParsers,
  shareBodyMemory,
} from '@pentaprism/http';
import { measure, NestLogger, type Logger } from '@pentaprism/observability';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import 'reflect-metadata';
import { requestLimitMs, type GatewayConfig } from './config.js';
import { fileRoutes } from './files/files.routes.js';
import { ImageContents } from './files/image-contents.js';
import { GatewayModule } from './gateway.module.js';
import { addNotFoundHandlers } from './http/access.js';
import { AuditLog } from './http/audit.js';
import { Authentication } from './http/authentication.js';
import { logBrokenAnswers } from './http/broken-answers.js';
import { corsOptions } from './http/cors.js';
import { Drain, releaseConnections } from './http/drain.js';
import { HttpErrorFilter } from './http/error.filter.js';
import { addHooks, requestId } from './http/hooks.js';
import { parseQueryString } from './http/query-string.js';
import { trustOf } from './http/proxies.js';
import { routedUrl } from './http/request-target.js';
import { answerUnparsable } from './http/unparsable.js';
import { serveDocumentation } from './openapi.js';

/** Milliseconds that an idle connection is kept: longer than clients sleep between two polls (5 s). */
const KEEP_ALIVE_MS = 72_000;
/** Milliseconds for the headers of a request. */
const HEADERS_MS = 75_000;
/** Characters of one path parameter. */
const MAX_PARAM_LENGTH = 500;
/** Bytes of the URL and the headers: those of TensorBoard, whose URLs hold names of any length. */
export const MAX_HEADER_BYTES = 64 * 1024;

const VERSION = '0.1.0';

/** Creates a gateway that is not listening yet. */
export async function createGateway(config: GatewayConfig, logger: Logger): Promise<NestFastifyApplication> {
  const connection = await connectBus({ url: config.NATS_URL, prefix: config.SUBJECT_PREFIX, name: 'gateway', logger });
  const failures = new HttpErrorFilter(logger);
  const adapter = new FastifyAdapter({
    logger: false,
    skipMiddie: true,
    multipart: false,
    trustProxy: trustOf(config.TRUST_PROXY),
    rewriteUrl: routedUrl,
    genReqId: requestId,
    requestIdHeader: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionTimeout: config.IDLE_TIMEOUT * 1000,
    requestTimeout: requestLimitMs(config),
    forceCloseConnections: 'idle',
    // A gateway that stops finishes what comes over its open connections: a 503 would be a failed request.
    return503OnClosing: false,
    bodyLimit: config.MAX_UPLOAD_BYTES,
    // A request without a Host is answered like one with a bad Host, in the words of its dialect.
    http: { requireHostHeader: false, maxHeaderSize: MAX_HEADER_BYTES },
    clientErrorHandler: answerUnparsable,
    routerOptions: {
      ignoreTrailingSlash: true,
      maxParamLength: MAX_PARAM_LENGTH,
      querystringParser: parseQueryString,
    },
    frameworkErrors: (error: Error, request: FastifyRequest, reply: FastifyReply) =>
      failures.answer(error, request, reply),
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    GatewayModule.register(config, connection, logger),
    adapter,
    {
      logger: new NestLogger(logger),
      bodyParser: false,
      abortOnError: false,
    },
  );
  app.useGlobalFilters(failures);
  app.useGlobalPipes(createValidationPipe());
  if (config.CORS_ORIGINS.length > 0) app.enableCors(corsOptions(config.CORS_ORIGINS));
  const fastify = adapter.getInstance() as unknown as FastifyInstance;
  fastify.server.headersTimeout = HEADERS_MS;
  addHooks(fastify, app.get(Authentication), new AuditLog(logger));
  logBrokenAnswers(fastify, logger);
  joinSmallChunks(fastify);
  acceptExpectations(fastify);
  compareDigests(fastify);
  const bodies = new BodyMemory({ total: config.BODY_MEMORY });
  shareBodyMemory(fastify, bodies);
  measure('pentaprism_body_memory_bytes', 'Memory that bodies hold, of BODY_MEMORY', () => bodies.held);
  measure(
    'pentaprism_bodies_waiting',
    'Bodies that are not read from because they wait for memory',
    () => bodies.waiting,
  );
  releaseConnections(fastify, app.get(Drain));
  // Whichever gateway is asked tells the metrics of all.
  answerMetrics(connection);
  registerJsonParser(fastify);
  registerFormParser(fastify);
  registerStreamParsers(fastify);
  acceptSerializedJson(fastify);
  const onError = (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
    failures.answer(error, request, reply);
  await fastify.register(fileRoutes, {
    bus: app.get<Bus>(Bus),
    contents: app.get<Contents>(Contents),
    images: app.get<ImageContents>(ImageContents),
    config,
    onError,
  });
  await addNotFoundHandlers(fastify, onError);
  serveDocumentation(app, VERSION);
  return app;
}
