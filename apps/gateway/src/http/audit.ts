import { findPrincipal } from '@pentaprism/http';
import type { Logger } from '@pentaprism/observability';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { accessOf } from './access.js';
import { auditTargetOf } from './audit-target.js';
import { networkOf } from './auth-failures.js';
import { credentialsOf } from './credentials.js';

/** Milliseconds of a window. */
const WINDOW_MS = 10_000;
/** Refusals of one address that are written in a window. Others are counted. */
export const REFUSAL_LINES = 20;
/** Refusals of all addresses that are written in a window: a flood must not fill the disk. */
export const ALL_REFUSAL_LINES = 1000;
const ADDRESSES = 10_000;
/** The ids of keys that were made here. Anything else in the place of an id could be a part of a secret. */
const KEY_ID = /^([0-9a-f]{16})\./;

/**
 * Who did what: one line of the log for each key that is made or revoked, each project that is deleted, and each request
 * that is refused for its key, its role, its signed URL or its origin. The lines have the level `info` and are written at every LOG_LEVEL but `silent`.
 */
export class AuditLog {
  private readonly logger: Logger;
  private readonly refusals = new LRUCache<string, { lines: number }>({ max: ADDRESSES, ttl: WINDOW_MS });
  private window = { since: 0, lines: 0 };
  /** Refusals that were not written since the last line. */
  private suppressed = 0;

  constructor(logger: Logger) {
    this.logger = logger.level === 'silent' ? logger : logger.child({}, { level: 'info' });
  }

  /** Writes a line if there is something to tell of this request. */
  record(request: FastifyRequest, status: number): void {
    const refusal = refusalOf(request, status);
    const action = refusal ?? accessOf(request).audit;
    if (action === undefined || (refusal !== undefined && !this.hasRoom(request.ip))) return;
    const principal = findPrincipal(request);
    const line = {
      audit: action,
      who: principal?.name ?? null,
      keyId: principal?.keyId ?? sentKeyId(request),
      what: `${request.method} ${accessOf(request).path}`,
      target: auditTargetOf(request),
      workspace: principal?.workspace ?? null,
      address: request.ip,
      status,
      result: status < 400 ? 'done' : status < 500 ? 'refused' : 'failed',
      traceId: request.id,
      ...(this.suppressed > 0 ? { suppressed: this.suppressed } : {}),
    };
    this.suppressed = 0;
    this.logger.info(line, `audit: ${action}`);
  }

  private hasRoom(address: string): boolean {
    const now = performance.now();
    if (now - this.window.since >= WINDOW_MS) this.window = { since: now, lines: 0 };
    const network = networkOf(address);
    const own = this.refusals.get(network) ?? { lines: 0 };
    if (own.lines === 0) this.refusals.set(network, own);
    if (own.lines >= REFUSAL_LINES || this.window.lines >= ALL_REFUSAL_LINES) {
      this.suppressed++;
      return false;
    }
    own.lines++;
    this.window.lines++;
    return true;
  }
}

/** Returns what an answer with 401 or 403 refused. */
function refusalOf(request: FastifyRequest, status: number): string | undefined {
  if (status === 401) return 'key.refuse';
  if (status !== 403) return undefined;
  if (findPrincipal(request)) return 'role.refuse';
  // Routes without a role are those of signed URLs. The others refuse clients without a key for their Host or Origin.
  return accessOf(request).role === 'none' ? 'url.refuse' : 'origin.refuse';
}

function sentKeyId({ headers }: FastifyRequest): string | null {
  for (const text of credentialsOf(headers)) {
    const [, id] = KEY_ID.exec(text) ?? [];
    if (id !== undefined) return id;
  }
  return null;
}
