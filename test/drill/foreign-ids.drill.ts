import type { Random } from '@pentaprism/domain';
import { send, type Answer } from '../e2e/support/http.js';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { examplesOf, none, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { onStack, SHARED_SETTINGS } from './support/on-stack.js';
import { exampleOf, routesOf, type Route } from './support/routes.js';
import { hex, isVision, setMember, slotsOf, subsets, unknownIds, type Slot } from './support/slots.js';
import { BLUEPRINT, isTableKind } from './support/table-workspace.js';
import { isSupported, visionRequest } from './support/vision-requests.js';
import { isVisionKind } from './support/vision-workspace.js';
import { ROLES, Workspace, type Kind, type Role } from './support/workspace.js';

/** Differ from answer to answer. */
const OWN_HEADERS = ['date', 'x-request-id', 'connection', 'keep-alive'];
/** More than this drill makes of anything in the other workspace. */
const AHEAD = 100;
/** A column of every project. */
const COLUMN = 'image';
const NOT_SUPPORTED = 'BadRequestOperationNotSupported';
const IMAGE_REFUSED = /"status":"Error/i;

/** A tenant asks for everything of another one, on every route that the gateway documents, and for what nobody has. */
export const foreignIds: Drill = {
  number: 9,
  name: 'ids of another workspace',
  goal: 'Every route with ids of another workspace, for every role: no leak, answers like those to unknown ids.',
  limitSeconds: 6 * 60,
  shares: true,
  run: onStack(run, SHARED_SETTINGS),
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
        const nobodys = isVision(route) ? [new Map(own), new Map(own)] : [new Map(own)];
        for (const slot of foreign) {
          theirs.set(slot, await victim.thing(slot.kind as Kind));
          const unknown = unknownIds(slot.kind as Kind, random);
          nobodys.forEach((ids, i) => ids.set(slot, unknown[i] ?? ''));
        }
        for (const method of route.method === 'GET' ? ['GET', 'HEAD'] : [route.method]) {
          const all = [theirs, ...nobodys];
          const answers = await Promise.all(all.map((ids) => ask(other, { ...route, method }, role, ids)));
          requests += answers.length;
          const [one = '', ...others] = answers.map((answer, i) => comparable(answer, all[i] ?? own));
          const two = others.find((each) => each !== one);
          const places = foreign.map(({ name }) => name).join();
          if (two !== undefined) found.different.push(`${title} (${places}) as ${role}: ${one} | ${two}`);
          const foreignAnswer = answers[0] as Answer;
          const sent = [...theirs.values()].some((id) => id.includes(victim.name));
          if (!sent && foreignAnswer.bytes.includes(victim.name)) found.leaks.push(`${title} as ${role}`);
        }
      }
    }
    // The same request for something of one's own has to work: else all answers are alike for another reason.
    const wrong = await wrongForItsOwn(other, route, slots);
    if (wrong !== undefined) found.uncovered.push(`${title}: ${wrong}`);
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

/** @returns undefined where a right request is answered as its document says */
async function wrongForItsOwn(other: Workspace, route: Route, slots: readonly Slot[]): Promise<string | undefined> {
  const own = new Map<Slot, string>();
  const vision = isVision(route) ? await other.vision.thingsFor(`${route.method} ${route.path}`) : undefined;
  const ofTables = slots.some(({ kind = '' }) => isTableKind(kind));
  const tables = ofTables ? await other.tables.thingsFor(`${route.method} ${route.path}`) : undefined;
  for (const slot of slots) {
    const kind = slot.kind as Kind;
    if (vision && isVisionKind(kind)) own.set(slot, vision[kind]);
    else if (tables && isTableKind(kind)) own.set(slot, tables[kind]);
    else own.set(slot, await other.thing(kind));
  }
  const { status, bytes } = await ask(other, route, 'owner', own);
  const text = bytes.toString();
  if (vision && !isSupported(route))
    return status === 400 && text.includes(NOT_SUPPORTED) ? undefined : `${status} instead of ${NOT_SUPPORTED} ${text}`;
  // Batches say of each image what became of it.
  return status >= 400 || (vision && IMAGE_REFUSED.test(text)) ? `${status} for its own ${text}` : undefined;
}

async function ask(from: Workspace, route: Route, role: Role, ids: ReadonlyMap<Slot, string>): Promise<Answer> {
  if (isVision(route)) {
    const { path, options } = await visionRequest(from.vision, route, ids);
    return from.visionClient(role).send(route.method, path, options);
  }
  // Both name a column.
  let path = route.path.replace('{path}', COLUMN);
  const query = new URLSearchParams(route.queryParameters.includes('featureName') ? { featureName: COLUMN } : {});
  const body = route.body && (exampleOf(route.body) as Record<string, unknown>);
  if (body && 'blueprintId' in body) body['blueprintId'] = BLUEPRINT;
  // Any file that can be fetched.
  if (body && 'url' in body) body['url'] = from.url;
  for (const [{ where, name }, id] of ids) {
    if (where === 'path') path = path.replace(`{${name}}`, id);
    else if (where === 'query') query.set(name, id);
    else if (body) setMember(body, name, id);
  }
  if (route.form && !route.body) return from.sendForm(path, from.key(role));
  const search = query.size > 0 ? `?${query.toString()}` : '';
  return from.send(route.method, `${path}${search}`, from.key(role), body);
}

/** Everything of an answer but the ids that were sent, and what differs each time. */
function comparable({ status, headers, bytes }: Answer, ids: ReadonlyMap<Slot, string>): string {
  const own = Object.entries(headers).filter(([name]) => !OWN_HEADERS.includes(name));
  let text = JSON.stringify([status, own, bytes.toString('utf8')]);
  // Shorter ones, which are numbers, are also parts of other numbers.
  for (const id of ids.values()) if (id.length > 2) text = text.replaceAll(id, '<id>');
  return text;
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
