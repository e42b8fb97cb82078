import { DomainError } from '@pentaprism/domain';
import { roleForMethod, type AccessConfig, type Asked, type Dialect, type RequiredRole } from '@pentaprism/http';
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import type { IncomingMessage } from 'node:http';
import { dialectOf, DIALECTS } from '../dialects.js';
import { adminDialect } from '../admin/admin.dialect.js';

/** What a route requires, and whose errors it answers with. */
export interface Access extends Required<Pick<AccessConfig, 'role'>>, Pick<AccessConfig, 'audit'> {
  readonly dialect: Dialect;
  /** The pattern of the route, or the base path of a dialect where no route matched. */
  readonly path: string;
}

/** A line of the table of required roles. */
export interface RouteRule {
  readonly method: string;
  readonly path: string;
  readonly dialect: string;
  readonly role: RequiredRole;
}

type Unmatched = Pick<Access, 'dialect' | 'path'>;
type Methods = readonly string[];

/** The scopes that answer what matches no route, see `addNotFoundHandlers`. */
const unmatched = new WeakMap<FastifyInstance, Unmatched>();
const decided = new WeakMap<IncomingMessage, Access>();
/** The table of required roles of each server. */
const tables = new WeakMap<FastifyInstance, RouteRule[]>();
const NOWHERE: Unmatched = { dialect: adminDialect, path: '/' };

/** The pages that show the OpenAPI documents, and their files: plain routes of a library, which declare nothing. */
const DOCUMENTATION = '/docs';

type ErrorHandler = (error: unknown, request: FastifyRequest, reply: FastifyReply) => void;

/**
 * Decides once, when a route is added, which dialect it belongs to and which role it requires. Requests are never judged
 * by the text of their URL: the router reads it once, and what it found carries the rest with it.
 *
 * Call it before routes are added. Adding a route whose role is unknown throws, which stops the start.
 */
export function declareAccess(fastify: FastifyInstance): void {
  const rules: RouteRule[] = [];
  tables.set(fastify, rules);
  fastify.addHook('onRoute', (route) => {
    const access = accessOfRoute(route);
    route.config = { ...route.config, access } as typeof route.config;
    for (const method of [route.method].flat())
      rules.push({ method, path: route.url, dialect: access.dialect.name, role: access.role });
  });
}

/** The table of required roles: every route of a server that was given to `declareAccess`. */
export function rulesOf(fastify: FastifyInstance): readonly RouteRule[] {
  return tables.get(fastify) ?? [];
}

/** Answers what matches no route in the words of the dialect whose base path it is below. */
export async function addNotFoundHandlers(fastify: FastifyInstance, onError: ErrorHandler): Promise<void> {
  for (const dialect of DIALECTS) {
    for (const path of dialect.basePaths) {
      await fastify.register(
        async (scope) => {
          unmatched.set(scope, { dialect, path });
          scope.setErrorHandler(onError);
          scope.setNotFoundHandler(() => {
            throw new DomainError('NOT_FOUND', 'There is nothing here.');
          });
        },
        { prefix: path },
      );
    }
  }
}

/**
 * What the matched route requires. Where no route matched, the method decides, and the gateway's own paths are closed. It
 * is decided at the first call: a handler that passes a request on to the one of what does not exist changes nothing.
 */
export function accessOf(request: FastifyRequest): Access {
  const known = decided.get(request.raw);
  if (known) return known;
  const access = (request.routeOptions.config as { access?: Access }).access ?? accessWithoutRoute(request);
  decided.set(request.raw, access);
  return access;
}

/**
 * The dialect that answers an error of a request, and what it is told of it. A request that the router gave up on, since
 * its path cannot be decoded, is answered by its text: nothing but the shape of a refusal depends on it.
 */
export function errorShapeOf(request: FastifyRequest): { readonly dialect: Dialect; readonly asked: Asked } {
  const { dialect, path } = decided.get(request.raw) ?? asWritten(request.url);
  return { dialect, asked: { path, headers: request.headers } };
}

function accessWithoutRoute({ server, method }: FastifyRequest): Access {
  const { dialect, path } = unmatched.get(server) ?? NOWHERE;
  return { dialect, path, role: roleWithoutRoute({ dialect, path }, method) };
}

function asWritten(url: string): Unmatched {
  return { dialect: dialectOf(url), path: url };
}

function accessOfRoute({ url, method, config = {} }: RouteOptions & { url: string }): Access {
  const dialect = dialectOf(url);
  const { role, audit } = config as AccessConfig;
  return { dialect, path: url, role: role ?? impliedRole(dialect, url, [method].flat()), ...(audit ? { audit } : {}) };
}

function impliedRole(dialect: Dialect, url: string, methods: Methods): RequiredRole {
  // Preflights have no key.
  if (methods.every((method) => method === 'OPTIONS')) return 'none';
  if (url === DOCUMENTATION || url.startsWith(`${DOCUMENTATION}/`)) return 'none';
  if (dialect.declaresRoles)
    throw new Error(`the route ${methods.join()} ${url} does not declare the role it requires`);
  return methods.every((method) => roleForMethod(method) === 'reader') ? 'reader' : 'editor';
}

function roleWithoutRoute({ dialect, path }: Unmatched, method: string): RequiredRole {
  if (method === 'OPTIONS' || dialect.openPaths?.includes(path)) return 'none';
  return dialect.roleWithoutRoute ?? (dialect.declaresRoles ? 'owner' : roleForMethod(method));
}
