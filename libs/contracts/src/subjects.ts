/** Collects the metrics of every process. */
export const METRICS_SUBJECT = 'metrics.v1.collect';

/** Names of streams and consumers must not hold dots. */
export function streamName(prefix: string, kind: 'FACTS' | 'DEAD'): string {
  return `${prefix.replaceAll('.', '_')}${kind}`;
}

export function factSubject(prefix: string, name: string): string {
  return `${prefix}facts.${name}`;
}

/** Where a fact goes that a consumer could not handle. Subject: `dead.<consumer>.<fact>`. */
export function deadSubject(prefix: string, consumer: string, name: string): string {
  return `${prefix}dead.${consumer}.${name}`;
}

/** The durable consumer that all instances of a service share. */
export function consumerName(service: string, factName: string): string {
  return `${service}-${factName.replaceAll('.', '-')}`;
}

/** The prefix of all inboxes of a user. No other user can read them. */
export function inboxPrefix(user: string): string {
  return `_INBOX.${user}`;
}

/**
 * The prefix of the inboxes for what one service replies to a user. No other service can publish there. Replies of JetStream
 * come to `_INBOX.<user>.<random>`, where only the server can publish.
 */
export function replyInbox(user: string, owner: string): string {
  return `${inboxPrefix(user)}.${owner}`;
}

/** The prefix of the inboxes for metrics, which every app sends. */
export const METRICS_INBOX = replyInbox('gateway', 'metrics');
