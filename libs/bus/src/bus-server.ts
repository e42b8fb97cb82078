import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { rpcsOwnedBy, type Fact, type Rpc, type ServiceName } from '@pentaprism/contracts';
import { DomainError, isOutage } from '@pentaprism/domain';
import { messagesOf, metrics, runWithContext, type CallContext, type Logger } from '@pentaprism/observability';
import type { Msg } from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import { lastValueFrom } from 'rxjs';
import type { BusConnection } from './connection.js';
import { contextOf, droppedHeaders, isAboutLife, SIGN_MS, signOfLife, type ReplyEnvelope } from './envelope.js';
import { FactConsumer } from './fact-consumer.js';
import { keepSubscribed, type KeptSubscription } from './keep-subscribed.js';
import { TransitTimes } from './transit.js';

/** Milliseconds that a stopping service waits for the calls that it has begun. */
export const DRAIN_LIMIT_MS = 5000;
/** Milliseconds for which dropped calls are counted before one line of the log reports them. */
const DROPPED_LOG_MS = 1000;

/**
 * Nest's handlers on NATS: zod-parsed requests, domain errors in the reply, queue groups, deadlines, durable facts.
 *
 * Nest's own NATS transport is not used because it leaves a malformed request unanswered, turns every exception into
 * "Internal server error", lets the last of two handlers win silently and cuts calls off when it stops.
 */
export class BusServer extends Server implements CustomTransportStrategy {
  private readonly subscriptions: KeptSubscription[] = [];
  private readonly consumers: FactConsumer[] = [];
  private readonly inFlight = new Set<Promise<void>>();
  private readonly transit = new TransitTimes();
  private dropped = new Map<string, number>();

  constructor(
    private readonly connection: BusConnection,
    private readonly service: ServiceName,
    private readonly log: Logger,
  ) {
    super();
  }

  /** @throws Error when a contract has a handler already: the last one would win silently. */
  override addHandler(
    pattern: unknown,
    callback: MessageHandler,
    isEventHandler = false,
    extras: Record<string, unknown> = {},
  ): void {
    const key = String(pattern);
    if (this.messageHandlers.has(key)) throw new Error(`${key} has two handlers in ${this.service}`);
    super.addHandler(pattern, callback, isEventHandler, extras);
  }

  /** @throws Error when an owned contract has no handler, or a handler belongs to no owned contract. */
  listen(callback: (error?: unknown) => void): void {
    try {
      this.checkHandlers();
      for (const handler of this.messageHandlers.values()) this.serve(handler);
      for (const consumer of this.consumers) consumer.start();
      // The callback means "serving": the subscriptions must have reached the server.
      this.connection.nats.flush().then(() => callback(), callback);
    } catch (error) {
      callback(error);
    }
  }

  /** Takes no more calls, finishes those begun. The connection stays open: others still need it to stop cleanly. */
  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const limit = new Promise((resolve) => (timer = setTimeout(resolve, DRAIN_LIMIT_MS)));
    const finished = this.finish().catch((error: unknown) => this.log.warn({ err: error }, 'bus: drain'));
    // Without a server no answer can be sent, and the other parts of the app still have to stop.
    await Promise.race([finished, limit, this.connection.lost()]);
    clearTimeout(timer);
  }

  on(): never {
    throw new Error('BusServer has no events');
  }

  unwrap<T>(): T {
    return this.connection.nats as T;
  }

  private async finish(): Promise<void> {
    await Promise.all([
      ...this.subscriptions.map((subscription) => subscription.drain()),
      ...this.consumers.map((consumer) => consumer.stop()),
    ]);
    await Promise.allSettled(this.inFlight);
    await this.connection.nats.flush();
  }

  private checkHandlers(): void {
    const owned = new Set(rpcsOwnedBy(this.service).map((rpc) => rpc.subject));
    for (const [key, handler] of this.messageHandlers) {
      if (!handler.isEventHandler && !owned.delete(key))
        throw new Error(`${this.service} handles ${key}, which it does not own`);
    }
    if (owned.size > 0) throw new Error(`${this.service} has no handler for ${[...owned].join(', ')}`);
  }

  private serve(handler: MessageHandler): void {
    const extras = handler.extras as { rpc?: Rpc; fact?: Fact };
    if (extras.fact) {
      const handle = async (data: unknown, context: CallContext) => void (await this.invoke(handler, data, context));
      this.consumers.push(
        new FactConsumer(this.connection, { service: this.service, fact: extras.fact, handle }, this.log),
      );
    } else if (extras.rpc) {
      const rpc = extras.rpc;
      const receive = (message: Msg) => {
        const answering = this.answer(rpc, handler, message)
          .catch((failure: unknown) => this.log.error({ err: failure, subject: rpc.subject }, 'bus: no answer sent'))
          .finally(() => this.inFlight.delete(answering));
        this.inFlight.add(answering);
      };
      const subject = this.connection.prefix + rpc.subject;
      this.subscriptions.push(keepSubscribed(this.connection, subject, receive, { queue: this.service }));
    }
  }

  private async answer(rpc: Rpc, handler: MessageHandler, message: Msg): Promise<void> {
    const context = contextOf(message.headers, this.transit);
    // The caller has stopped waiting. The work would only delay calls whose callers still wait.
    if (context.deadline !== undefined && performance.now() > context.deadline) return this.drop(rpc, message);
    const stop = metrics.busHandled.startTimer({ subject: rpc.subject });
    const signs = isAboutLife(message.headers) ? setInterval(() => giveSign(message), SIGN_MS) : undefined;
    try {
      await runWithContext(context, async () => {
        const { reply, payload } = this.encode(await this.replyTo(rpc, handler, message, context), rpc);
        stop({ outcome: reply.ok ? 'ok' : reply.error.code });
        message.respond(payload);
      });
    } finally {
      clearInterval(signs);
    }
  }

  private drop({ subject }: Rpc, message: Msg): void {
    metrics.busDropped.inc({ subject });
    // Only a caller that still waits receives this. Its clock has stood still, and it sends the call again.
    message.respond(JSON.stringify(failure(timeIsOver())), { headers: droppedHeaders() });
    if (this.dropped.size === 0)
      setTimeout(() => {
        this.log.warn(
          { dropped: Object.fromEntries(this.dropped) },
          'bus: dropped calls whose callers had stopped waiting',
        );
        this.dropped.clear();
      }, DROPPED_LOG_MS).unref();
    this.dropped.set(subject, (this.dropped.get(subject) ?? 0) + 1);
  }

  private async replyTo(rpc: Rpc, handler: MessageHandler, message: Msg, context: CallContext): Promise<ReplyEnvelope> {
    let body: unknown;
    try {
      body = message.json();
    } catch {
      return failure(new DomainError('INVALID_ARGUMENT', 'The request is not JSON.'));
    }
    try {
      const request = rpc.request.safeParse(body);
      if (!request.success) {
        const issue = request.error.issues[0];
        const field = issue?.path.join('.') ?? '';
        return failure(
          new DomainError('INVALID_ARGUMENT', `${field ? `${field}: ` : ''}${issue?.message ?? 'invalid'}`, { field }),
        );
      }
      return { ok: true, data: await this.invoke(handler, request.data, context) };
    } catch (error) {
      if (DomainError.is(error) && error.code !== 'INTERNAL') {
        if (error.cause) this.logFailure(error, rpc);
        return failure(error);
      }
      return this.internal(error, rpc);
    }
  }

  /**
   * With its stack where something of ours is away. What is wrong with a client's bytes, or with an address of which a
   * table can have thousands, is worth a line.
   */
  private logFailure(error: DomainError, { subject }: Rpc): void {
    const { code } = error;
    if (code === 'UPSTREAM_FAILED') this.log.warn({ code, subject }, `bus: ${messagesOf(error)}`);
    else if (isOutage(code)) this.log.warn({ err: error, subject }, 'bus: failed');
    else this.log.info({ code, subject }, `bus: ${error.message}`);
  }

  private async invoke(handler: MessageHandler, data: unknown, context: CallContext): Promise<unknown> {
    return lastValueFrom(this.transformToObservable(await handler(data, context)), { defaultValue: undefined });
  }

  /** What cannot be sent (too large, or no JSON) is a defect of the handler. */
  private encode(reply: ReplyEnvelope, rpc: Rpc): { reply: ReplyEnvelope; payload: string } {
    try {
      const payload = JSON.stringify(reply);
      const bytes = Buffer.byteLength(payload);
      if (bytes <= (this.connection.nats.info?.max_payload ?? Infinity)) return { reply, payload };
      throw new Error(`an answer of ${bytes} bytes is larger than a message can be`);
    } catch (error) {
      const instead = this.internal(error, rpc);
      return { reply: instead, payload: JSON.stringify(instead) };
    }
  }

  private internal(error: unknown, rpc: Rpc): ReplyEnvelope {
    const errorId = randomUUID();
    this.log.error({ err: error, errorId, subject: rpc.subject }, 'bus: handler failed');
    return failure(new DomainError('INTERNAL', 'Something went wrong here.', { errorId }));
  }
}

function giveSign(message: Msg): void {
  try {
    message.respond('', { headers: signOfLife() });
  } catch {
    // The connection is being closed: the answer will not come either, which the caller notices.
  }
}

function timeIsOver(): DomainError {
  return new DomainError('DEADLINE_EXCEEDED', 'The time for this request is over.');
}

function failure({ code, message, details }: DomainError): ReplyEnvelope {
  return { ok: false, error: { code, message, details } };
}
