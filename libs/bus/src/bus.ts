import type { RequestOf, ResponseOf, Rpc } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { currentContext, metrics, newTraceId, type CallContext } from '@pentaprism/observability';
import type { Msg } from '@nats-io/transport-node';
import type { BusConnection } from './connection.js';
import { errorOf, headersOf, wasDropped, type ReplyEnvelope } from './envelope.js';
import { ReplyInboxes } from './reply-inboxes.js';
import { request as sendRequest } from './request.js';
import { Stamps } from './transit.js';

/** Milliseconds that a call may take when neither its contract nor its caller says otherwise. */
export const DEFAULT_DEADLINE_MS = 5000;

export interface CallOptions {
  readonly deadlineMs?: number;
  /** Overrides what the surrounding request says, e.g. the workspace of a job that a worker carries out. */
  readonly context?: Partial<CallContext>;
}

/** Calls services over NATS. Every call has a deadline, a trace id, the caller's workspace and parsed types. */
export class Bus {
  private readonly replies: ReplyInboxes;

  constructor(
    readonly connection: BusConnection,
    private readonly stamps = new Stamps(),
  ) {
    this.replies = new ReplyInboxes(connection);
  }

  /**
   * @throws DomainError the owner's error; UNAVAILABLE at once when no service has the subject, or NATS refuses the call;
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
    const context = {
      traceId: inherited?.traceId ?? newTraceId(),
      workspace: '',
      actor: '',
      ...inherited,
      ...options.context,
      deadline: now + timeout,
    };
    const payload = JSON.stringify(request);
    if (Buffer.byteLength(payload) > (this.connection.nats.info?.max_payload ?? Infinity))
      throw new DomainError('PAYLOAD_TOO_LARGE', 'The request is larger than a message can be.');
    const stamp = this.stamps.next();
    const message = await this.send(rpc, payload, context, stamp);
    if (!wasDropped(message.headers)) return readReply(rpc, message);
    // The receiver measured a long transit, but there is time left here: this clock stood still for a while.
    this.stamps.renew(stamp);
    return readReply(rpc, await this.send(rpc, payload, context, this.stamps.next()));
  }

  private async send(
    rpc: Rpc,
    payload: string,
    context: CallContext & { readonly deadline: number },
    stamp: string,
  ): Promise<Msg> {
    const { nats, prefix } = this.connection;
    const timeout = context.deadline - performance.now();
    if (timeout < 1) throw new DomainError('DEADLINE_EXCEEDED', 'The time for this request is over.');
    const [subject, headers] = [prefix + rpc.subject, headersOf(context, stamp)];
    return sendRequest(nats, this.replies, { subject, payload, headers, timeout, owner: rpc.owner });
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
