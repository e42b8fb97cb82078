import type { Random } from '@pentaprism/domain';
import { send, type Answer } from '../e2e/support/http.js';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { exampleOf, routesOf, type Route } from './support/routes.js';
import { ROLES, Workspace, type Kind, type Role } from './support/workspace.js';
import { onStack } from './support/on-stack.js';

/** What a path parameter is an id of, by the path up to it. */
const IN_PATH: readonly (readonly [RegExp, Kind])[] = [
  [/^\/v1\/images\/\{id\}$/, 'imageNumber'],
  [/^\/v1\/tags\/\{id\}$/, 'tagNumber'],
  [/^\/api\/dsio\/filters\/v1\/images\/\{id\}$/, 'radiograph'],
  [/^\/api\/dsio\/modality\/v1\/acquisition\/\{sessionId\}$/, 'session'],
  // One in the session that was asked for before it.
  [/^\/api\/dsio\/modality\/v1\/.+\/images\/\{imageId\}$/, 'sessionImage'],
  [/^\/api\/v2\/.*\/images\/\{imageId\}$/, 'image'],
  [/\/\{projectId\}$/, 'project'],
  [/\/imageAugmentationLists\/\{augmentationId\}$/, 'list'],
  [/\/imageAugmentationSamples\/\{samplesId\}$/, 'samples'],
  [/\/status\/\{statusId\}$/, 'status'],
  [/^\/keys\/\{id\}$/, 'key'],
];
/** The same for parameters of the query and members of a body, by their names. */
const ELSEWHERE: Readonly<Record<string, Kind>> = {
  projectId: 'project',
  samplesId: 'samples',
  sessionId: 'session',
  imageId: 'sessionImage',
  exact_tags: 'tagName',
  match_tags: 'tagName',
};
const LOOKS_LIKE_AN_ID = /(?:^id|_id|Id|_ids|Ids)$/;
/** Differ from answer to answer. */
const OWN_HEADERS = ['date', 'x-request-id', 'connection', 'keep-alive'];
/** More than this drill makes of anything in the other workspace. */
const AHEAD = 100;

/** A place of a request for an id. */
interface Slot {
  readonly where: 'path' | 'query' | 'body';
  readonly name: string;
  readonly kind: Kind | undefined;
}

/** A tenant asks for everything of another one, on every route that the gateway documents, and for what nobody has. */
export const foreignIds: Drill = {
  number: 9,
  name: 'ids of another workspace',
  goal: 'Every route with ids of another workspace, for every role: no leak, answers like those to unknown ids.',
  limitSeconds: 4 * 60,
  run: onStack(run),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const random = context.random('unknown ids');
  const suffix = hex(context.random('names'), 8);
  const victim = await Workspace.make(faulty, `victim-${suffix}`);
  const other = await Workspace.make(faulty, `other-${suffix}`);
  await victim.runAhead(AHEAD);
  await victim.keepOneOfEach();
  const before = await victim.view();
  const found = { uncovered: [] as string[], different: [] as string[], leaks: [] as string[] };
  let requests = 0;
  const routes = await routesOf(faulty.stack.url);
  for (const route of routes) {
    const slots = slotsOf(route);
    const title = `${route.method} ${route.path}`;
    const unknown = slots.filter(({ kind }) => kind === undefined).map(({ name }) => name);
    if (unknown.length > 0) {
      found.uncovered.push(`${title}: nobody told this drill what ${unknown.join(', ')} is`);
      continue;
    }
    if (slots.length === 0) {
      // Lists and the like: nothing to ask for, and nothing of others to be seen.
      const answer = route.method === 'GET' ? await ask(other, route, 'owner', new Map()) : undefined;
      if (answer?.bytes.includes(victim.name)) found.leaks.push(title);
      continue;
    }
    for (const foreign of subsets(slots)) {
      const own = new Map<Slot, string>();
      for (const slot of slots) if (!foreign.includes(slot)) own.set(slot, await other.thing(slot.kind as Kind));
      for (const role of ROLES) {
        const theirs = new Map(own);
        const nobodys = new Map(own);
        for (const slot of foreign) {
          theirs.set(slot, await victim.thing(slot.kind as Kind));
          nobodys.set(slot, unknownId(slot.kind as Kind, random));
        }
        for (const method of route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]) {
          const answers = [theirs, nobodys].map((ids) => ask(other, { ...route, method }, role, ids));
          const [foreignAnswer, unknownAnswer] = (await Promise.all(answers)) as [Answer, Answer];
          requests += 2;
          const [one, two] = [comparable(foreignAnswer, theirs), comparable(unknownAnswer, nobodys)];
          if (one !== two) found.different.push(`${title} as ${role}: ${one} | ${two}`);
          const sent = [...theirs.values()].some((id) => id.includes(victim.name));
          if (!sent && foreignAnswer.bytes.includes(victim.name)) found.leaks.push(`${title} as ${role}`);
        }
      }
    }
    // The same request for something of one's own has to work: else all answers are alike for another reason.
    const own = new Map<Slot, string>();
    for (const slot of slots) own.set(slot, await other.thing(slot.kind as Kind));
    const answer = await ask(other, route, 'owner', own);
    if (answer.status >= 400) found.uncovered.push(`${title}: ${answer.status} for its own ${answer.bytes.toString()}`);
  }
  const files = await signedUrls(victim, other, random);
  requests += files.requests;
  found.different.push(...files.different);
  const changed = (await victim.view()) === before ? [] : ['the other workspace looks otherwise than before'];
  context.log(`${requests} requests to ${routes.length} routes`);
  return {
    did: `${routes.length} routes, ${requests} requests`,
    measures: [
      { what: 'requests', worst: requests, atLeast: routes.length },
      none('routes that were not covered', found.uncovered),
      none('answers that differ', found.different),
      none('leaks', found.leaks),
      none('changes', changed),
    ],
    examples: examplesOf({ ...found, changed }),
  };
}

function slotsOf({ path, pathParameters, queryParameters, body }: Route): Slot[] {
  const inPath = pathParameters.map((name): Slot => {
    const upTo = path.slice(0, path.indexOf(`{${name}}`) + name.length + 2);
    return { where: 'path', name, kind: IN_PATH.find(([pattern]) => pattern.test(upTo))?.[1] };
  });
  const elsewhere = (where: 'query' | 'body', names: readonly string[]) =>
    names
      .filter((name) => Object.hasOwn(ELSEWHERE, name) || LOOKS_LIKE_AN_ID.test(name))
      .map((name): Slot => ({ where, name, kind: ELSEWHERE[name] }));
  return [...inPath, ...elsewhere('query', queryParameters), ...elsewhere('body', Object.keys(body?.properties ?? {}))];
}

/** All choices of at least one. */
function subsets<T>(items: readonly T[]): T[][] {
  const all = items.reduce<T[][]>((sets, item) => [...sets, ...sets.map((set) => [...set, item])], [[]]);
  return all.filter((set) => set.length > 0);
}

function ask(from: Workspace, route: Route, role: Role, ids: ReadonlyMap<Slot, string>): Promise<Answer> {
  let { path } = route;
  const query = new URLSearchParams();
  const body = route.body && (exampleOf(route.body) as Record<string, unknown>);
  for (const [{ where, name }, id] of ids) {
    if (where === 'path') path = path.replace(`{${name}}`, id);
    else if (where === 'query') query.set(name, id);
    else if (body) body[name] = id;
  }
  if (route.form) return from.sendForm(path, from.key(role));
  const search = query.size > 0 ? `?${query.toString()}` : '';
  return from.send(route.method, `${path}${search}`, from.key(role), body);
}

/** Everything of an answer but the ids that were sent, and what differs each time. */
function comparable({ status, headers, bytes }: Answer, ids: ReadonlyMap<Slot, string>): string {
  const own = Object.entries(headers).filter(([name]) => !OWN_HEADERS.includes(name));
  let text = JSON.stringify([status, own, bytes.toString('utf8')]);
  for (const id of ids.values()) text = text.replaceAll(id, '<id>');
  return text;
}

function unknownId(kind: Kind, random: Random): string {
  if (kind === 'imageNumber' || kind === 'tagNumber') return String(500_000 + Math.floor(random() * 400_000));
  if (kind === 'key') return hex(random, 16);
  if (kind === 'radiograph' || kind === 'session' || kind === 'sessionImage') return uuid(random);
  return kind === 'tagName' ? `nobodys-${hex(random, 8)}` : hex(random, 24);
}

function hex(random: Random, digits: number): string {
  return Array.from({ length: digits }, () => Math.floor(random() * 16).toString(16)).join('');
}

/** Version 4, as all that are given here. */
function uuid(random: Random): string {
  const variant = '89ab'[Math.floor(random() * 4)];
  return [hex(random, 8), hex(random, 4), `4${hex(random, 3)}`, `${variant}${hex(random, 3)}`, hex(random, 12)].join(
    '-',
  );
}

/** A signature for one file opens no other: of another workspace as little as one that nobody has. */
async function signedUrls(victim: Workspace, other: Workspace, random: Random) {
  const [theirs, own] = [new URL(victim.url), new URL(other.url)];
  const idOf = (url: URL) => /[0-9a-f]{24}/.exec(url.pathname)?.[0] ?? '';
  const nobodys = hex(random, 24);
  const pairs = [
    // The whole path of the other workspace with one's own signature, and only its id.
    [theirs.pathname, theirs.pathname.replace(idOf(theirs), nobodys)],
    [own.pathname.replace(idOf(own), idOf(theirs)), own.pathname.replace(idOf(own), nobodys)],
  ] as const;
  const different: string[] = [];
  let requests = 0;
  for (const method of ['GET', 'HEAD', 'PUT']) {
    for (const [foreign, unknown] of pairs) {
      const urls = [foreign, unknown].map((path) => `${own.origin}${path}${own.search}`);
      const body = method === 'PUT' ? { body: 'drill' } : {};
      const [one, two] = await Promise.all(urls.map((url) => send(method, url, body)));
      requests += 2;
      const [left, right] = [one, two].map((answer) => comparable(answer as Answer, new Map()));
      if (left !== right || one?.status !== 403) different.push(`${method} ${foreign}: ${left} | ${right}`);
    }
  }
  return { requests, different };
}
