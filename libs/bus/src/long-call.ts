import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { DomainError } from '@pentaprism/domain';
import { askForSigns, headersOf, isAboutLife, SIGN_MS } from './envelope.js';

/** Calls that may take longer than this many milliseconds are told that somebody works on them. */
export const LONG_CALL_MS = 10_000;
/** Milliseconds without a sign of life after which whoever took the call is taken for dead. */
export const SILENCE_MS = 4 * SIGN_MS;
/** What the server says of a subject that nobody listens to. */
const NO_RESPONDERS = 503;

export interface LongCall {
  readonly subject: string;
  readonly payload: string;
  readonly headers: ReturnType<typeof headersOf>;
  /** Milliseconds. */
  readonly timeout: number;
  /** Before the subject of the answer. */
  readonly inboxes: string;
  /** Whom an error names. */
  readonly service: string;
}

/**
 * A request whose answer may take minutes. A process that is killed while it works on one can tell nobody: its signs of
 * life stay away, and the caller need not wait for its whole deadline.
 *
 * @throws DomainError UNAVAILABLE, DEADLINE_EXCEEDED
 */
export function callLong(
  nats: NatsConnection,
  { subject, payload, headers, timeout, inboxes, service }: LongCall,
): Promise<Msg> {
  askForSigns(headers);
  const inbox = createInbox(inboxes);
  return new Promise((resolve, reject) => {
    const fail = (code: 'UNAVAILABLE' | 'DEADLINE_EXCEEDED', message: string) =>
      end(() => reject(new DomainError(code, message, { service })));
    const dead = () => fail('UNAVAILABLE', `The ${service} service has stopped working on this.`);
    const deadline = setTimeout(
      () => fail('DEADLINE_EXCEEDED', `The ${service} service did not answer in time.`),
      timeout,
    );
    let silence = setTimeout(dead, SILENCE_MS);
    const subscription = nats.subscribe(inbox, {
      callback: (error, message) => {
        if (error) return fail('UNAVAILABLE', 'The message bus does not answer.');
        if (message.headers?.code === NO_RESPONDERS)
          return fail('UNAVAILABLE', `The ${service} service does not answer.`);
        if (!isAboutLife(message.headers)) return end(() => resolve(message));
        clearTimeout(silence);
        silence = setTimeout(dead, SILENCE_MS);
      },
    });
    const end = (settle: () => void) => {
      clearTimeout(deadline);
      clearTimeout(silence);
      subscription.unsubscribe();
      settle();
    };
    try {
      nats.publish(subject, payload, { reply: inbox, headers });
    } catch {
      fail('UNAVAILABLE', 'The message bus does not answer.');
    }
  });
}
