import {
  applyDecorators,
  HttpCode,
  Injectable,
  RequestMapping,
  RequestMethod,
  SetMetadata,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { RouteConfig } from '@nestjs/platform-fastify';
import {
  ApiBody,
  ApiConsumes,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiOperation,
  ApiParam,
  ApiProduces,
  ApiQuery,
} from '@nestjs/swagger';
import { addVary, type AccessConfig, type AuditAction, type BodyConfig, type RequiredRole } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { map, type Observable } from 'rxjs';
import { z } from 'zod';
import { versionOf } from './addresses.js';
import { ANSWER_TYPES, answerTypeOf, contentTypeOf } from './wire/negotiation.js';
import { render } from './wire/render.js';
import type { Version } from './wire/versions.js';

export interface RouteOptions {
  /** As the original's documents call the operation. */
  readonly id: string;
  readonly summary: string;
  /** What it answers with; without one, nothing at all. */
  readonly answer?: z.ZodType;
  readonly status?: number;
  /** Where the status depends on the answer. */
  readonly statusOf?: (answer: never, version: Version) => number;
  /** What `readQuery` is to read. */
  readonly query?: z.ZodObject;
  /** What `readModel` is to read. */
  readonly body?: z.ZodType;
  /** It takes pictures: forms and bytes. */
  readonly upload?: boolean;
  /** For a POST that stores nothing; by default the method implies it. */
  readonly role?: RequiredRole;
  /** Requests are written to the audit log under this name. */
  readonly audit?: AuditAction;
  /** Parameters of the path that no handler reads, for the OpenAPI document. */
  readonly unread?: readonly string[];
}

const ROUTE = Symbol('route of Custom Vision');
const BODY_TYPES = ['application/json', 'application/xml', 'text/xml', 'application/x-www-form-urlencoded'];
const UPLOAD_TYPES = ['multipart/form-data', 'application/octet-stream'];
const UPLOAD = { type: 'object', properties: { imageData: { type: 'string', format: 'binary' } } };

export const Get = (path: string, options: RouteOptions) => route(RequestMethod.GET, path, options);
export const Post = (path: string, options: RouteOptions) => route(RequestMethod.POST, path, options);
export const Patch = (path: string, options: RouteOptions) => route(RequestMethod.PATCH, path, options);
export const Delete = (path: string, options: RouteOptions) => route(RequestMethod.DELETE, path, options);

/** A route that reads its body itself, answers in JSON or XML, and is in the OpenAPI document with all of that. */
function route(method: RequestMethod, path: string, options: RouteOptions): MethodDecorator {
  const { id, summary, answer, query, body, upload = false, unread = [], role, audit } = options;
  const status = options.status ?? (answer ? 200 : 204);
  const config: BodyConfig & AccessConfig = {
    streamed: true,
    multipart: upload,
    ...(role ? { role } : {}),
    ...(audit ? { audit } : {}),
  };
  return applyDecorators(
    RequestMapping({ method, path }),
    HttpCode(status),
    RouteConfig(config),
    SetMetadata(ROUTE, options),
    ApiOperation({ operationId: id, summary }),
    ...(answer ? [ApiOkResponse({ standardSchema: answer }), ApiProduces(...ANSWER_TYPES)] : [ApiNoContentResponse()]),
    ...Object.keys(query?.shape ?? {}).map((name) => ApiQuery({ name, required: false, type: String })),
    ...unread.map((name) => ApiParam({ name, type: String })),
    ...(body ? [ApiConsumes(...BODY_TYPES), ApiBody({ required: false, schema: jsonSchemaOf(body) })] : []),
    ...(upload ? [ApiConsumes(...UPLOAD_TYPES), ApiBody({ schema: UPLOAD })] : []),
  );
}

function jsonSchemaOf(schema: z.ZodType): object {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, {
    io: 'input',
    target: 'openapi-3.0',
    unrepresentable: 'any',
  });
  return rest;
}

/** Writes what handlers return in the type that the client asks for. */
@Injectable()
export class AnswerInterceptor implements NestInterceptor {
  constructor(private readonly reflector: Reflector) {}

  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { answer, statusOf } = this.reflector.get<RouteOptions>(ROUTE, context.getHandler());
    if (!answer) return next.handle();
    const http = context.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const [type, version] = [answerTypeOf(request.headers.accept), versionOf(request)];
    const reply = http.getResponse<FastifyReply>();
    return next.handle().pipe(
      map((value: unknown) => {
        if (statusOf) void reply.status(statusOf(value as never, version));
        addVary(reply, 'Accept');
        void reply.header('Content-Type', contentTypeOf(type));
        return Buffer.from(render(value, answer, type, version));
      }),
    );
  }
}
