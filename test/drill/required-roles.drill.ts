import { readFile } from 'node:fs/promises';
import { basic } from '../e2e/support/filters.js';
import type { FaultyStack } from '../e2e/support/faults-stack.js';
import { json, send } from '../e2e/support/http.js';
import { fromRepository } from '../e2e/support/repository.js';
import { examplesOf, none, shuffled, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { forEach } from './support/for-each.js';
import { onStack } from './support/on-stack.js';

/** What an API key may do, from least to most; `none` is a caller without a key, and a route that needs none. */
const ROLES = ['none', 'reader', 'editor', 'owner'] as const;
type Role = (typeof ROLES)[number];

interface Rule {
  readonly required: Role;
  readonly method: string;
  readonly path: string;
}

interface Spelling {
  readonly name: string;
  readonly of: (path: string) => string;
  /** The router must read it as the route itself. Otherwise it may be another route, or none. */
  readonly isRoute?: boolean;
  /** It is no valid request target, which is 400 for every key. */
  readonly isInvalid?: boolean;
}

const SPELLINGS: readonly Spelling[] = [
  { name: 'as it is', of: (path) => path, isRoute: true },
  { name: 'query', of: (path) => `${path}?x=/nostore`, isRoute: true },
  // The first letter behind the slash, e.g. /%76.
  { name: 'encoded letter', of: (path) => path.replace(/[a-z]/, hex), isRoute: true },
  { name: 'fragment', of: (path) => `${path}#`, isInvalid: true },
  { name: 'fragment with a path', of: (path) => `${path}#/nostore`, isInvalid: true },
  { name: 'fragment with a query', of: (path) => `${path}#&name=x&x=/nostore`, isInvalid: true },
  { name: 'query in a fragment', of: (path) => `${path}#/health?x=/predictions/query`, isInvalid: true },
  { name: 'encoded fragment', of: (path) => `${path}%23/nostore` },
  { name: 'semicolon', of: (path) => `${path};/nostore` },
  { name: 'encoded question mark', of: (path) => `${path}%3Fx=/nostore` },
  { name: 'two slashes first', of: (path) => `/${path}` },
  { name: 'two slashes inside', of: (path) => path.replaceAll('/', '//') },
  { name: 'upper case', of: (path) => path.toUpperCase() },
  { name: 'dots behind', of: (path) => `${path}.` },
  { name: 'parent', of: (path) => `${path}/../nostore` },
  { name: 'encoded slash', of: (path) => `${path}%2Fnostore` },
  { name: 'all slashes encoded', of: (path) => `/${path.slice(1).replaceAll('/', '%2f')}` },
];

/** In the place of every parameter: no such thing is there, so that what is allowed changes nothing. */
const UNKNOWN = 'abcdef01-2345-4678-9abc-def012345678';
/** On a loopback address these APIs answer as to an editor without a key. */
const OPEN = /^\/(?:v1|data|experiment|tensorboard)(?:\/|$)/;
const LANES = 8;
/** Its answer says how other parts are. */
const PROBE = '/health/ready';

/** For every key and every spelling of a path, the matched route decides which role is required. */
export const requiredRoles: Drill = {
  number: 13,
  name: 'required roles',
  goal: 'Every route × role × spelling of its path (`#…`, `;…`, `%23`, `//`, letter case): the answer of the table.',
  limitSeconds: 4 * 60,
  shares: true,
  run: onStack(run),
};

async function run(faulty: FaultyStack, context: DrillContext): Promise<DrillResult> {
  const { url, ownerKey } = faulty.stack;
  const rules = (await readTable()).filter(({ path }) => path !== PROBE && path !== '*');
  const keys = new Map<Role, string>();
  for (const role of ROLES.slice(1)) keys.set(role, await createKey(url, ownerKey, role));
  const all = rules.flatMap((rule) =>
    SPELLINGS.flatMap((spelling) => ROLES.map((role) => ({ rule, spelling, role }) as const)),
  );
  const some = shuffled(context.random('requests'), all).slice(0, context.count(all.length));
  const wrong: string[] = [];
  await forEach(some, LANES, async ({ rule, spelling, role }) => {
    const target = spelling.of(rule.path.replace(/:\w+/g, UNKNOWN).replace('*', UNKNOWN));
    const headers = role === 'none' ? {} : { authorization: keys.get(role) ?? '' };
    const { status } = await send(rule.method, `${url}${target}`, { headers });
    const acting = role === 'none' && OPEN.test(rule.path) ? 'editor' : role;
    if (isWrong(rule.required, acting, spelling, status)) wrong.push(`${role} ${rule.method} ${target}: ${status}`);
  });
  return {
    did: `${rules.length} routes, ${some.length} requests`,
    measures: [
      { what: 'requests', worst: some.length, atLeast: Math.min(some.length, rules.length) },
      none('answers that the table forbids', wrong),
    ],
    examples: examplesOf({ wrong }, 10),
  };
}

function isWrong(required: Role, role: Role, { isRoute, isInvalid }: Spelling, status: number): boolean {
  if (status >= 500) return true;
  if (isInvalid) return status !== 400;
  const suffices = ROLES.indexOf(role) >= ROLES.indexOf(required);
  // Whatever route it is, or none: it is not the one that asks for less.
  if (!isRoute) return !suffices && status < 400;
  if (!suffices) return status !== (role === 'none' ? 401 : 403);
  // The signature of a file is its permission, and there is none.
  return required !== 'none' && (status === 401 || status === 403);
}

async function createKey(url: string, ownerKey: string, role: Role): Promise<string> {
  const answer = await send('POST', `${url}/keys`, {
    headers: { authorization: `Bearer ${ownerKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: `drill ${role}`, role, workspace: 'drill-roles' }),
  });
  const { id, secret } = json<{ id: string; secret: string }>(answer);
  // All dialects read this spelling.
  return basic(id, secret);
}

async function readTable(): Promise<Rule[]> {
  const text = await readFile(fromRepository('test/golden/required-roles.txt'), 'utf8');
  return text.split('\n').flatMap((line) => {
    const [required = '', method = '', path = ''] = line.trim().split(/\s+/);
    return path === '' ? [] : [{ required: required as Role, method, path }];
  });
}

function hex(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16)}`;
}
