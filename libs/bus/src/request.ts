import { PermissionViolationError, type Msg, type NatsConnection } from '@nats-io/transport-node';
import type { ServiceName } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { askForSigns, headersOf, isAboutLife, SIGN_MS } from './envelope.js';
import type { ReplyInboxes } from './reply-inboxes.js';

/** Calls that may take longer than this many milliseconds ask for signs of life. */
export const LONG_CALL_MS = 10_000;
/** Milliseconds without a sign of life after which the process that works on a call is considered dead. */
export const SILENCE_MS = 4 * SIGN_MS;
/** The status that the server sends if a subject has no subscriber. */
const NO_RESPONDERS = 503;

export interface Request {
  readonly subject: string;
  readonly payload: string;
  readonly headers: ReturnType<typeof headersOf>;
  /** Milliseconds. */
  readonly timeout: number;
  /** The service that answers. */
  readonly owner: ServiceName;
}

/**
 * Sends a request and returns the reply. A process that is killed while it works on a request cannot say so. Therefore
 * long calls ask for signs of life, and fail as soon as these stop, long before their deadline.
 *
 * @throws DomainError UNAVAILABLE, DEADLINE_EXCEEDED
 */
export function request(
  nats: NatsConnection,
  replies: ReplyInboxes,
  { subject, payload, headers, timeout, owner }: Request,
): Promise<Msg> {
  const isLong = timeout > LONG_CALL_MS;
  if (isLong) askForSigns(headers);
  return new Promise((resolve, reject) => {
    let inbox: ReturnType<ReplyInboxes['open']> | undefined;
    let silence: NodeJS.Timeout | undefined;
    const end = (settle: () => void) => {
      clearTimeout(deadline);
      clearTimeout(silence);
      inbox?.close();
      settle();
    };
    const fail = (code: 'UNAVAILABLE' | 'DEADLINE_EXCEEDED', message: string, cause?: unknown) =>
      end(() => reject(new DomainError(code, message, { service: owner }, { cause })));
    const busFailed = (cause: unknown) => fail('UNAVAILABLE', messageOf(cause, owner), cause);
    const waitForSign = () => {
      clearTimeout(silence);
      silence = setTimeout(() => fail('UNAVAILABLE', `The ${owner} service has stopped working on this.`), SILENCE_MS);
    };
    const deadline = setTimeout(
      () => fail('DEADLINE_EXCEEDED', `The ${owner} service did not answer in time.`),
      timeout,
    );
    if (isLong) waitForSign();
    try {
      inbox = replies.open(owner, subject, (outcome) => {
        if (outcome instanceof Error) busFailed(outcome);
        else if (outcome.headers?.code === NO_RESPONDERS) fail('UNAVAILABLE', `The ${owner} service does not answer.`);
        else if (isAboutLife(outcome.headers)) waitForSign();
        else end(() => resolve(outcome));
      });
      nats.publish(subject, payload, { reply: inbox.subject, headers });
    } catch (error) {
      busFailed(error);
    }
  });
}

function messageOf(failureOfBus: unknown, owner: ServiceName): string {
  return failureOfBus instanceof PermissionViolationError
    ? `The message bus refuses calls to the ${owner} service.`
    : 'The message bus does not answer.';
}
