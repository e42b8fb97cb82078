import type { RequestOf, ResponseOf, Rpc } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { currentContext, metrics, newTraceId, type CallContext } from '@pentaprism/observability';
import { errors, type Msg } from '@nats-io/transport-node';
import type { BusConnection } from './connection.js';
import { errorOf, headersOf, type ReplyEnvelope } from './envelope.js';
import { callLong, LONG_CALL_MS } from './long-call.js';

/** Milliseconds that a call may take when neither its contract nor its caller says otherwise. */
export const DEFAULT_DEADLINE_MS = 5000;

export interface CallOptions {
  readonly deadlineMs?: number;
  /** Overrides what the surrounding request says, e.g. the workspace of a job that a worker carries out. */
  readonly context?: Partial<CallContext>;
}

/** Asks services over NATS. Every call has a deadline, a trace id, the caller's workspace and parsed types. */
export class Bus {
  constructor(readonly connection: BusConnection) {}

  /**
   * @throws DomainError the owner's error; UNAVAILABLE at once when nobody answers for the subject;
   *   DEADLINE_EXCEEDED when the answer did not come in time; PAYLOAD_TOO_LARGE for a request that no message can
   *   hold; INTERNAL for an answer that breaks the contract
   */
  async call<R extends Rpc>(rpc: R, request: RequestOf<R>, options: CallOptions = {}): Promise<ResponseOf<R>> {
    const stop = metrics.busCalls.startTimer({ subject: rpc.subject });
    try {
      const data = await this.exchange(rpc, request, options);
      stop({ outcome: 'ok' });
      return data;
    } catch (error) {
      stop({ outcome: DomainError.is(error) ? error.code : 'INTERNAL' });
      throw error;
    }
  }

  private async exchange<R extends Rpc>(rpc: R, request: RequestOf<R>, options: CallOptions): Promise<ResponseOf<R>> {
    const inherited = currentContext();
    const now = performance.now();
    const timeout = Math.min(
      options.deadlineMs ?? rpc.deadlineMs ?? DEFAULT_DEADLINE_MS,
      inherited?.deadline === undefined ? Infinity : inherited.deadline - now,
    );
    if (timeout < 1) throw new DomainError('DEADLINE_EXCEEDED', 'The time for this request is over.');
    const context = {
      traceId: inherited?.traceId ?? newTraceId(),
      workspace: '',
      actor: '',
      ...inherited,
      ...options.context,
      deadline: now + timeout,
    };
    const { nats, prefix, inboxPrefix: inboxes } = this.connection;
    const payload = JSON.stringify(request);
    if (Buffer.byteLength(payload) > (nats.info?.max_payload ?? Infinity))
      throw new DomainError('PAYLOAD_TOO_LARGE', 'The request is larger than a message can be.');
    const [subject, headers] = [prefix + rpc.subject, headersOf(context)];
    if (timeout > LONG_CALL_MS)
      return readReply(rpc, await callLong(nats, { subject, payload, headers, timeout, inboxes, service: rpc.owner }));
    let message: Msg;
    try {
      message = await nats.request(subject, payload, { timeout, headers });
    } catch (error) {
      throw transportError(error, rpc);
    }
    return readReply(rpc, message);
  }
}

function readReply<R extends Rpc>(rpc: R, message: Msg): ResponseOf<R> {
  let cause: unknown;
  try {
    const reply = message.json<ReplyEnvelope>();
    if (!reply.ok) throw errorOf(reply.error);
    const parsed = rpc.response.safeParse(reply.data);
    if (parsed.success) return parsed.data as ResponseOf<R>;
    cause = parsed.error;
  } catch (error) {
    if (DomainError.is(error)) throw error;
    cause = error;
  }
  throw new DomainError('INTERNAL', 'A service answered something that its contract does not allow.', {}, { cause });
}

function transportError(error: unknown, rpc: Rpc): DomainError {
  const nobody = error instanceof errors.RequestError && error.isNoResponders();
  if (nobody)
    return new DomainError(
      'UNAVAILABLE',
      `The ${rpc.owner} service does not answer.`,
      { service: rpc.owner },
      { cause: error },
    );
  if (error instanceof errors.TimeoutError) {
    return new DomainError(
      'DEADLINE_EXCEEDED',
      `The ${rpc.owner} service did not answer in time.`,
      { service: rpc.owner },
      { cause: error },
    );
  }
  return new DomainError('UNAVAILABLE', 'The message bus does not answer.', {}, { cause: error });
}
