import type { Msg, PermissionViolationError } from '@nats-io/transport-node';
import { replyInbox, type ServiceName } from '@pentaprism/contracts';
import { randomUUID } from 'node:crypto';
import type { BusConnection } from './connection.js';

/** Receives each message for one call, or the error because of which no more will come. */
export type Receive = (outcome: Msg | Error) => void;

interface Inbox {
  readonly subject: string;
  readonly waiting: Map<string, { readonly calledSubject: string; readonly receive: Receive }>;
}

/**
 * Receives the replies to the calls of an app: one inbox, and one subscription, per called service. NATS lets only that
 * service publish there, so that no other one can answer for it.
 */
export class ReplyInboxes {
  private readonly inboxes = new Map<ServiceName, Inbox>();
  private calls = 0;

  constructor(private readonly connection: BusConnection) {
    void connection.nats.closed().then((error) => {
      for (const owner of this.inboxes.keys()) this.fail(owner, error ?? new Error('The connection is closed.'));
    });
    connection.refusals.watch((refusal) => this.refused(refusal));
  }

  /**
   * Returns the subject for the replies to one call. `close` must be called in the end.
   * @param calledSubject where the request is published
   * @throws Error if the connection is closed
   */
  open(owner: ServiceName, calledSubject: string, receive: Receive): { readonly subject: string; close(): void } {
    const { subject, waiting } = this.inboxes.get(owner) ?? this.subscribe(owner);
    const token = String(this.calls++);
    waiting.set(token, { calledSubject, receive });
    return { subject: `${subject}.${token}`, close: () => waiting.delete(token) };
  }

  private subscribe(owner: ServiceName): Inbox {
    // Random, because a service replies to the subject that a request names, no matter which app sent the request.
    const inbox: Inbox = { subject: `${replyInbox(this.connection.user, owner)}.${randomUUID()}`, waiting: new Map() };
    this.connection.nats.subscribe(`${inbox.subject}.*`, {
      callback: (error, message) => {
        if (error) return this.fail(owner, error);
        // A reply to a call that was given up has no receiver any more.
        inbox.waiting.get(message.subject.slice(inbox.subject.length + 1))?.receive(message);
      },
    });
    this.inboxes.set(owner, inbox);
    return inbox;
  }

  /** Ends the calls that NATS does not let this app make. They would wait for their deadlines. */
  private refused(refusal: PermissionViolationError): void {
    if (refusal.operation !== 'publish') return;
    const calls = [...this.inboxes.values()].flatMap(({ waiting }) => [...waiting.values()]);
    for (const { calledSubject, receive } of calls) if (calledSubject === refusal.subject) receive(refusal);
  }

  private fail(owner: ServiceName, error: Error): void {
    const inbox = this.inboxes.get(owner);
    this.inboxes.delete(owner);
    for (const { receive } of [...(inbox?.waiting.values() ?? [])]) receive(error);
  }
}
