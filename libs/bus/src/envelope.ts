import { DomainError, ERROR_CODES, type ErrorCode } from '@pentaprism/domain';
import { newTraceId, type CallContext } from '@pentaprism/observability';
import { headers, type Msg, type MsgHdrs } from '@nats-io/transport-node';
import type { TransitTimes } from './transit.js';

/** `{ ok: true, data }`, or the error that the caller throws again. */
export type ReplyEnvelope =
  { ok: true; data: unknown } | { ok: false; error: { code: ErrorCode; message: string; details: object } };

const TRACE = 'Pentaprism-Trace';
const WORKSPACE = 'Pentaprism-Workspace';
const ACTOR = 'Pentaprism-Actor';
/** Milliseconds that the caller still waits, when it sends. Never a time of day: clocks of two machines differ. */
const TIME_LEFT = 'Pentaprism-Time-Left';
const SENT = 'Pentaprism-Sent';
/** In a request: asks for signs of life. In a reply: marks a sign of life, which is not the answer. */
const ALIVE = 'Pentaprism-Alive';
/** In an answer: the call was not begun, because its deadline had passed by the receiver's clock. */
const DROPPED = 'Pentaprism-Dropped';

/**
 * Names of keys are free text (half a surrogate pair included), and header values are one line of ASCII.
 *
 * @param stamp when a call is sent, for the receiver's `TransitTimes`
 */
export function headersOf(context: CallContext, stamp?: string): MsgHdrs {
  const result = headers();
  result.set(TRACE, context.traceId);
  if (context.workspace) result.set(WORKSPACE, context.workspace);
  if (context.actor) result.set(ACTOR, encodeURIComponent(Buffer.from(context.actor).toString()));
  if (context.deadline !== undefined) {
    result.set(TIME_LEFT, String(Math.round(context.deadline - performance.now())));
    if (stamp !== undefined) result.set(SENT, stamp);
  }
  return result;
}

/** Milliseconds between the signs of life of the process that works on a call. */
export const SIGN_MS = 2_000;

export function askForSigns(request: MsgHdrs): void {
  request.set(ALIVE, 'wanted');
}

/** Whether these headers ask for signs of life, or are those of one. */
export function isAboutLife(from: MsgHdrs | undefined): boolean {
  return from?.has(ALIVE) ?? false;
}

export function signOfLife(): MsgHdrs {
  const sign = headers();
  sign.set(ALIVE, 'yes');
  return sign;
}

export function droppedHeaders(): MsgHdrs {
  const result = headers();
  result.set(DROPPED, 'yes');
  return result;
}

export function wasDropped(from: MsgHdrs | undefined): boolean {
  return from?.has(DROPPED) ?? false;
}

/** @param transit measures how long the message was under way, which counts against the time left */
export function contextOf(from: MsgHdrs | undefined, transit?: TransitTimes): CallContext {
  const left = from?.get(TIME_LEFT) ?? '';
  const underWay = transit?.of(from?.get(SENT)) ?? 0;
  return {
    traceId: from?.get(TRACE) || newTraceId(),
    workspace: from?.get(WORKSPACE) ?? '',
    actor: decoded(from?.get(ACTOR) ?? ''),
    ...(/^-?\d+$/.test(left) ? { deadline: performance.now() + Number(left) - underWay } : {}),
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not written by `headersOf`: a stranger's header must not end the process.
    return text;
  }
}

/** The error of a reply; a code that this version does not know is INTERNAL. */
export function errorOf(error: { code: string; message: string; details?: object }): DomainError {
  const code = (ERROR_CODES as readonly string[]).includes(error.code) ? (error.code as ErrorCode) : 'INTERNAL';
  return new DomainError(code, error.message, { ...error.details });
}

/** Undefined for what is not JSON: an exception in a subscription's callback would break the connection. */
export function jsonOf(message: Msg): unknown {
  try {
    return message.json();
  } catch {
    return undefined;
  }
}
