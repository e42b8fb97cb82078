import { accessOf, BUS_USERS, type BusUser } from './access.js';
import type { Fact } from './define.js';
import { rpcsOwnedBy } from './registry.js';
import {
  consumerName,
  deadSubject,
  factSubject,
  inboxPrefix,
  METRICS_INBOX,
  METRICS_SUBJECT,
  replyInbox,
  streamName,
} from './subjects.js';

/** Subjects that a user of NATS may use. */
export interface Permissions {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/**
 * The subjects that an app needs on NATS, and no others.
 * @param prefix `SUBJECT_PREFIX` of the installation; `*.` stands for every prefix of one word
 */
export function permissionsOf(user: BusUser, prefix = ''): Permissions {
  const access = accessOf(user);
  const subjects = (things: readonly { readonly subject: string }[]) => things.map(({ subject }) => prefix + subject);
  const facts = (things: readonly Fact[]) => things.map(({ name }) => factSubject(prefix, name));
  const usesStreams = access.publishes.length + access.consumes.length > 0;
  return {
    publish: [
      ...subjects(access.calls),
      ...subjects(access.sends),
      ...facts(access.publishes),
      ...(usesStreams ? streamApi(prefix) : []),
      ...access.consumes.flatMap((fact) => consumerApi(user, fact, prefix)),
      ...(user === 'gateway' ? [prefix + METRICS_SUBJECT] : []),
      ...callersOf(user).map((caller) => `${replyInbox(caller, user)}.>`),
      `${METRICS_INBOX}.>`,
    ],
    subscribe: [
      `${inboxPrefix(user)}.>`,
      ...subjects(user === 'gateway' ? [] : rpcsOwnedBy(user)),
      ...subjects(access.subscribes),
      ...facts(access.watches),
      prefix + METRICS_SUBJECT,
    ],
  };
}

/** Apps that call this one. */
function callersOf(user: BusUser): BusUser[] {
  return BUS_USERS.filter((caller) => accessOf(caller).calls.some(({ owner }) => owner === user));
}

/** A stream is made where it is missing. */
function streamApi(prefix: string): string[] {
  return [
    '$JS.API.INFO',
    ...(['FACTS', 'DEAD'] as const).map((kind) => `$JS.API.STREAM.CREATE.${stream(prefix, kind)}`),
  ];
}

function consumerApi(user: BusUser, fact: Fact, prefix: string): string[] {
  const consumer = consumerName(user, fact.name);
  const place = `${stream(prefix, 'FACTS')}.${consumer}`;
  return [
    // The filter is a part of this subject: no other fact can be had through the consumer.
    `$JS.API.CONSUMER.CREATE.${place}.${factSubject(prefix, fact.name)}`,
    `$JS.API.CONSUMER.INFO.${place}`,
    `$JS.API.CONSUMER.MSG.NEXT.${place}`,
    `$JS.ACK.${place}.>`,
    deadSubject(prefix, consumer, fact.name),
  ];
}

/** A word of a subject is a wildcard as a whole or not at all. */
function stream(prefix: string, kind: 'FACTS' | 'DEAD'): string {
  return prefix.includes('*') ? '*' : streamName(prefix, kind);
}

/** The name of the variable that holds a user's password in the manifests. */
export function passwordVariable(user: BusUser): string {
  return `NATS_PASSWORD_${user.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * The block `authorization` of a NATS configuration: one user for each app, with its permissions.
 * @param password as it is written there: a quoted string or a variable
 * @param more users without limits, already written
 */
export function natsAuthorization(
  password: (user: BusUser) => string,
  { prefix = '', more = [] }: { readonly prefix?: string; readonly more?: readonly string[] } = {},
): string {
  const list = (subjects: readonly string[]) =>
    ['[', ...subjects.map((subject) => `        ${JSON.stringify(subject)}`), '      ]'].join('\n');
  const users = BUS_USERS.map((user) => {
    const { publish, subscribe } = permissionsOf(user, prefix);
    return [
      `    { user: ${JSON.stringify(user)}, password: ${password(user)}, permissions: {`,
      `      publish: ${list(publish)}`,
      `      subscribe: ${list(subscribe)}`,
      '    } }',
    ].join('\n');
  });
  return ['authorization {', '  users: [', ...users, ...more.map((user) => `    ${user}`), '  ]', '}', ''].join('\n');
}

/** A file for `include` in a NATS configuration, with passwords from the server's environment. */
export function natsUsersFile(prefix = ''): string {
  const head = '# Made from libs/contracts by tools/nats-users.mjs: change it there.\n';
  return head + natsAuthorization((user) => `$${passwordVariable(user)}`, { prefix });
}
