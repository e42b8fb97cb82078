import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { replyInbox, type ServiceName } from '@pentaprism/contracts';
import { randomUUID } from 'node:crypto';

/** Receives each message for one call, or the error because of which no more will come. */
export type Receive = (outcome: Msg | Error) => void;

interface Inbox {
  readonly subject: string;
  readonly waiting: Map<string, Receive>;
}

/**
 * Receives the replies to the calls of an app: one inbox, and one subscription, per called service. NATS lets only that
 * service publish there, so that no other one can answer for it.
 */
export class ReplyInboxes {
  private readonly inboxes = new Map<ServiceName, Inbox>();
  private calls = 0;

  /** @param user the app that calls */
  constructor(
    private readonly nats: NatsConnection,
    private readonly user: string,
  ) {
    void nats.closed().then((error) => {
      for (const owner of this.inboxes.keys()) this.fail(owner, error ?? new Error('The connection is closed.'));
    });
  }

  /**
   * Returns the subject for the replies to one call. `close` must be called in the end.
   * @throws Error if the connection is closed
   */
  open(owner: ServiceName, receive: Receive): { readonly subject: string; close(): void } {
    const { subject, waiting } = this.inboxes.get(owner) ?? this.subscribe(owner);
    const token = String(this.calls++);
    waiting.set(token, receive);
    return { subject: `${subject}.${token}`, close: () => waiting.delete(token) };
  }

  private subscribe(owner: ServiceName): Inbox {
    // Random, because a service replies to the subject that a request names, whoever sent the request.
    const inbox: Inbox = { subject: `${replyInbox(this.user, owner)}.${randomUUID()}`, waiting: new Map() };
    this.nats.subscribe(`${inbox.subject}.*`, {
      callback: (error, message) => {
        if (error) return this.fail(owner, error);
        // A reply to a call that was given up has no receiver any more.
        inbox.waiting.get(message.subject.slice(inbox.subject.length + 1))?.(message);
      },
    });
    this.inboxes.set(owner, inbox);
    return inbox;
  }

  private fail(owner: ServiceName, error: Error): void {
    const inbox = this.inboxes.get(owner);
    this.inboxes.delete(owner);
    for (const receive of [...(inbox?.waiting.values() ?? [])]) receive(error);
  }
}
