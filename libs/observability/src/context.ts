import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';

/** What is true of everything that happens on behalf of one request or job. */
export interface CallContext {
  /** 32 hexadecimal digits, as in W3C Trace Context. */
  readonly traceId: string;
  /** The tenant; empty for calls that have none (health, authentication). */
  readonly workspace: string;
  /** Name of the API key that acts. */
  readonly actor: string;
  /** When the caller stops waiting: milliseconds on this process's `performance.now()`, which no clock change moves. */
  readonly deadline?: number;
}

const storage = new AsyncLocalStorage<CallContext>();

export function runWithContext<T>(context: CallContext, run: () => T): T {
  return storage.run(context, run);
}

export function currentContext(): CallContext | undefined {
  return storage.getStore();
}

export function newTraceId(): string {
  return randomBytes(16).toString('hex');
}

// The standard forbids an id of zeros only, which some clients send for "none".
const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The trace id of a W3C `traceparent` header, or a new one. */
export function traceIdFrom(traceparent: string | undefined): string {
  return TRACEPARENT.exec(traceparent ?? '')?.[1] ?? newTraceId();
}
