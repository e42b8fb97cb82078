import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { accessOf, BUS_USERS, type Access, type BusUser } from './access.js';
import { JOB_OWNERS } from './define.js';
import * as contracts from './index.js';
import { permissionsOf } from './permissions.js';

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');

/** The library runs in these apps: what it does on the bus, all of them may. */
const LIBRARIES: readonly (readonly [directory: string, users: readonly BusUser[]])[] = [
  ['libs/dialects', ['gateway']],
  ['libs/http', ['gateway']],
  ['libs/service/src/system-clock.ts', ['gateway', 'worker']],
  ['libs/jobs/src/job-runner.ts', ['worker']],
  ['libs/jobs/src/job-reports.ts', JOB_OWNERS],
];

interface Source {
  readonly file: string;
  readonly text: string;
}

/** The product's code in a file or a directory: no tests, no comments, no types, no handlers. */
function sourcesIn(place: string): Source[] {
  const absolute = path.join(REPOSITORY, place);
  if (!existsSync(absolute)) throw new Error(`${place} does not exist any more`);
  const files = place.endsWith('.ts')
    ? [place]
    : readdirSync(absolute, { recursive: true, encoding: 'utf8' }).map((name) => path.join(place, name));
  const isProduct = (file: string) =>
    file.endsWith('.ts') && !/(\.spec|\.fixture|\.d)\.ts$|(^|\/)(dist|node_modules)\//.test(file);
  return files.filter(isProduct).map((file) => ({
    file,
    text: readFileSync(path.join(REPOSITORY, file), 'utf8')
      .replaceAll(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '')
      .replaceAll(/import [^;]*;/g, (text) => (/ as \w+/.test(text) ? text : ''))
      .replaceAll(/@RpcHandler\([^)]*\)|typeof [\w.[\]']+/g, ''),
  }));
}

function sourcesOf(user: BusUser): Source[] {
  const libraries = LIBRARIES.filter(([, users]) => users.includes(user)).map(([place]) => place);
  return [`apps/${user}/src`, ...libraries].flatMap(sourcesIn);
}

const GROUPS = new Map(Object.entries(contracts).filter(([name]) => name.endsWith('Contracts')));

/** Subjects of the contracts that code names, as `group.member`, `group[key].member` or through another name of it. */
function subjectsNamedIn({ file, text }: Source): string[] {
  const others = [
    ...[...text.matchAll(/(\w+Contracts) as (\w+)/g)].map(([, group, other]) => [other, group] as const),
    ...[...text.matchAll(/const (\w+) = (\w+Contracts)\b(?!\.)/g)].map(([, other, group]) => [other, group] as const),
  ];
  const names = new Map([...[...GROUPS.keys()].map((name) => [name, name] as const), ...others] as [string, string][]);
  const use = new RegExp(`\\b(${[...names.keys()].join('|')})\\b(\\[[^\\]]*\\])?(?:\\.(\\w+))?`, 'g');
  return [...text.matchAll(use)].flatMap(([whole, name = '', key, member]) => {
    const group = GROUPS.get(names.get(name) ?? '') as Record<string, { subject?: string }> | undefined;
    if (!group || (!key && !member)) return [];
    const entry = key ? undefined : group[member ?? ''];
    if (entry?.subject) return [entry.subject];
    // Another variable of that name: it would not compile with a member that the group does not have.
    if (!GROUPS.has(name)) return [];
    // Picked while it runs: these two groups have a test of their own below.
    if (key && /^(healthContracts|jobReportContracts)$/.test(name)) return [];
    throw new Error(`${file}: which call is ${whole}?`);
  });
}

/** Names of exported facts or signals that the code hands to one of these functions. */
function namesIn(sources: readonly Source[], call: RegExp): string[] {
  return [...new Set(sources.flatMap(({ text }) => [...text.matchAll(call)].map(([, name = '']) => name)))].sort();
}

function exportedNames(things: readonly object[]): string[] {
  return Object.entries(contracts)
    .filter(([, value]) => things.includes(value as object))
    .map(([name]) => name)
    .sort();
}

describe.each(BUS_USERS)('the permissions of %s', (user) => {
  const access = accessOf(user);
  const sources = sourcesOf(user);
  const dynamic = /\.v1\.(health\.|job\.(?!(?:get|list)$))/;

  it('allow the calls that its code makes, and no others', () => {
    const made = new Set(sources.flatMap(subjectsNamedIn));
    const allowed = access.calls.map(({ subject }) => subject).filter((subject) => !dynamic.test(subject));
    expect([...made].sort()).toEqual(allowed.sort());
  });

  it.each<[keyof Access, RegExp]>([
    ['consumes', /@FactHandler\((\w+)\)/g],
    ['watches', /watchFact\([^,]+, (\w+),/g],
    ['publishes', /outbox\s*\.add(?:All)?\(\s*\w+,\s*(\w+),/g],
    ['sends', /sendSignal\([^,]+, (\w+),/g],
    ['subscribes', /watchSignal\([^,]+, (\w+),/g],
  ])('name what it %s', (kind, call) => {
    expect(namesIn(sources, call)).toEqual(exportedNames(access[kind]));
  });

  it('let nobody else answer for it, read its replies, or use its consumers', () => {
    const own = permissionsOf(user);
    for (const other of BUS_USERS.filter((each) => each !== user)) {
      const { publish, subscribe } = permissionsOf(other);
      const theirs = subscribe.filter((subject) => subject !== contracts.METRICS_SUBJECT);
      for (const subject of own.subscribe) if (!/signal|facts/.test(subject)) expect(theirs).not.toContain(subject);
      const consumers = publish.filter((subject) => /^\$JS\.(ACK|API\.CONSUMER)/.test(subject));
      for (const subject of consumers) expect(own.publish).not.toContain(subject);
    }
  });
});

describe('permissions', () => {
  it('let the gateway alone make, list and revoke keys, and check every service', () => {
    const makers = BUS_USERS.filter((user) => permissionsOf(user).publish.some((subject) => /api-key/.test(subject)));
    expect(makers).toEqual(['gateway']);
    const checks = permissionsOf('gateway').publish.filter((subject) => /^[a-z-]+\.v1\.health\.check$/.test(subject));
    expect(checks).toHaveLength(contracts.SERVICES.length);
  });

  it('let workers report on jobs of every owner, and let only its owner and the gateway abort a job', () => {
    const reports = (user: BusUser) => permissionsOf(user).publish.filter((subject) => /\.v1\.job\./.test(subject));
    expect(reports('worker')).toHaveLength(6 * JOB_OWNERS.length);
    expect(reports('worker').filter((subject) => subject.endsWith('.abort'))).toEqual([]);
    for (const user of BUS_USERS.filter((each) => each !== 'worker' && each !== 'gateway'))
      for (const subject of reports(user))
        expect(subject).toMatch(new RegExp(`^(${user}\\.v1\\.job\\.abort|catalog\\.v1\\.job\\.get)$`));
    // Of the owners whose jobs clients may abort.
    expect(reports('gateway').sort()).toEqual([
      'catalog.v1.job.get',
      'catalog.v1.job.list',
      'insights.v1.job.abort',
      'training-ingest.v1.job.abort',
    ]);
  });

  it('let each app reply to the calls of its own contracts, and send its metrics to the gateway', () => {
    const inboxes = (user: BusUser) => permissionsOf(user).publish.filter((subject) => subject.startsWith('_INBOX'));
    for (const user of BUS_USERS) {
      for (const inbox of inboxes(user))
        expect(inbox).toMatch(new RegExp(`^_INBOX\\.([a-z-]+\\.${user}|gateway\\.metrics)\\.>$`));
      for (const { owner } of accessOf(user).calls) expect(inboxes(owner)).toContain(`_INBOX.${user}.${owner}.>`);
    }
    expect(inboxes('insights')).toEqual([
      '_INBOX.gateway.insights.>',
      '_INBOX.insights.insights.>',
      '_INBOX.worker.insights.>',
      '_INBOX.gateway.metrics.>',
    ]);
  });

  it('have no wildcard but for replies and acknowledgements, and the prefix of the installation before each subject', () => {
    for (const user of BUS_USERS) {
      const { publish, subscribe } = permissionsOf(user, 'here.');
      for (const subject of [...publish, ...subscribe]) {
        if (/[*>]/.test(subject))
          expect(subject).toMatch(/^(_INBOX\.[a-z-]+(\.[a-z-]+)?\.>|\$JS\.ACK\.here_FACTS\.[a-z-]+\.>)$/);
        if (!/^(_INBOX|\$JS)/.test(subject)) expect(subject).toMatch(/^here\./);
        expect(subject).not.toMatch(/^\$JS\.API\.STREAM\.(DELETE|PURGE|MSG|UPDATE)/);
      }
    }
  });
});
