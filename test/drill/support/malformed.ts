import type { Random } from '@pentaprism/domain';
import { pick, wholeWithin } from '../drill.js';
import { brokenForm } from './malformed-forms.js';
import { brokenModel, brokenUpload } from './malformed-models.js';
import { flipped, head, noise, withBody, type Piece, type Target } from './malformed-pieces.js';
import { exampleOf, wholeExampleOf, type Route, type Schema } from './routes.js';
import { isVision, setMember, slotsOf } from './slots.js';
import type { VisionThings } from './vision-workspace.js';
import type { Kind } from './workspace.js';

/** What one client writes to a connection. */
export interface Malformed {
  readonly family: keyof typeof FAMILIES;
  readonly title: string;
  readonly bytes: Buffer;
}

const FAMILIES = {
  ...{ http, json, xml, multipart, path: oddPath },
  ...{ form: brokenForm, model: brokenModel, upload: brokenUpload },
} satisfies Record<string, (random: Random, target: Target) => Piece[]>;
/** Where those go that are for some routes only. */
const TAKEN_BY: Readonly<Record<string, (route: Route) => boolean>> = {
  form: (route) => route.form && !isVision(route),
  model: (route) => route.body !== undefined && isVision(route),
  upload: (route) => route.form && isVision(route),
};
/** Ids in paths that stand for something, out of all. Nothing behind an unknown project is ever read. */
const KNOWN = 0.8;

export interface MalformedOptions {
  /** What the ids in paths are picked from. */
  readonly ids: readonly string[];
  /** What there is of Custom Vision and of the DataRobot API. */
  readonly known: VisionThings & Partial<Record<Kind, string>>;
  readonly key: string;
}

/**
 * One request that somebody made wrong: the HTTP itself, the path and query, or a body of one of four kinds. Forms with an
 * image, and models and pictures of Custom Vision, go where they are taken.
 */
export function malformedRequest(random: Random, routes: readonly Route[], options: MalformedOptions): Malformed {
  const family = pick(random, Object.keys(FAMILIES) as (keyof typeof FAMILIES)[]);
  const route = pick(random, routes.filter(TAKEN_BY[family] ?? (() => true)));
  const target: Target = {
    // Bodies also go where none is expected.
    method:
      family === 'http' || family === 'path' || route.body || route.form
        ? route.method
        : pick(random, ['POST', 'PUT', 'PATCH']),
    path: pathOf(random, route, options),
    key: options.key,
    body: JSON.stringify(route.body ? bodyOf(random, route, route.body, options) : { name: 'QUJD', tags: ['a'] }),
  };
  const bytes = Buffer.concat(FAMILIES[family](random, target).map((piece) => Buffer.from(piece as string)));
  return { family, title: `${family}: ${route.method} ${route.path}`, bytes };
}

function bodyOf(random: Random, route: Route, schema: Schema, { ids, known }: MalformedOptions): unknown {
  if (!isVision(route)) return exampleOf(schema);
  // Nothing of it is required.
  const body = wholeExampleOf(schema) as Record<string, unknown>;
  for (const { where, name, kind } of slotsOf(route)) {
    const id = kind !== undefined && random() < KNOWN ? known[kind] : undefined;
    if (where === 'body') setMember(body, name, id ?? pick(random, ids));
  }
  return body;
}

function pathOf(random: Random, route: Route, { ids, known }: MalformedOptions): string {
  const kinds = new Map(slotsOf(route).flatMap(({ where, name, kind }) => (where === 'path' ? [[name, kind]] : [])));
  return route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const kind = kinds.get(name);
    // What is deleted would be missed by the requests that follow.
    const isNamed = kind !== undefined && route.method !== 'DELETE' && random() < KNOWN;
    return (isNamed ? known[kind] : undefined) ?? pick(random, ids);
  });
}

function http(random: Random, target: Target): Piece[] {
  const { method, path, body } = target;
  const usual = `${head(target, ['Content-Type: application/json', `Content-Length: ${body.length}`])}\r\n\r\n${body}`;
  const header = (line: string) => usual.replace('\r\n', `\r\n${line}\r\n`);
  return pick<() => Piece[]>(random, [
    () => [usual.slice(0, wholeWithin(random, 1, usual.length - 1))],
    () => [flipped(random, Buffer.from(usual), wholeWithin(random, 1, 8))],
    () => [noise(random, wholeWithin(random, 1, 2000))],
    () => [usual.replace(method, pick(random, ['get', 'BREW', '', 'GET GET', 'M'.repeat(500), 'TRACE', 'PRI']))],
    () => [
      usual.replace(
        'HTTP/1.1',
        pick(random, ['HTTP/1.0', 'HTTP/0.9', 'HTTP/2.0', 'HTTP/9', 'http/1.1', '', 'ICY/1.1']),
      ),
    ],
    () => [usual.replaceAll('\r\n', pick(random, ['\n', '\r', '\n\r', '\0']))],
    () => [header(`X-Long: ${'a'.repeat(wholeWithin(random, 10_000, 100_000))}`)],
    () => [usual.replace('\r\n', `\r\n${'X-Many: 1\r\n'.repeat(wholeWithin(random, 500, 5000))}`)],
    () => [
      header(
        pick(random, ['nothing', ': empty', 'X Y: 1', 'X-\0: 1', ' folded: 1', 'é: 1', 'X: \u0001', 'X:\r\n folded']),
      ),
    ],
    () => [header(`Content-Length: ${pick(random, ['-1', '99999999999999999999', '0x10', '1,2', '', 'NaN', '3'])}`)],
    () => [
      usual.replace(
        /Content-Length: \d+/,
        pick(random, ['Transfer-Encoding: chunked', 'Transfer-Encoding: gzip', 'Content-Length: 1']),
      ),
    ],
    () => [
      usual
        .replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked')
        .replace(
          `\r\n\r\n${body}`,
          `\r\n\r\n${pick(random, ['zz\r\n{}\r\n', '-1\r\n', 'fffffffffffffffff\r\n', '2\r\n{}', '2;ext=é\r\n{}\r\n0\r\n\r\n', '0\r\n\0: 1\r\n\r\n'])}`,
        ),
    ],
    () => [
      usual.replace(
        'Host: 127.0.0.1',
        pick(random, ['Host: a b', 'Host: ', 'Host: x\r\nHost: y', 'Host: [::1', 'Host: <x>', 'Hos: x']),
      ),
    ],
    () => [
      header(
        pick(random, ['Expect: 100-continue', 'Expect: 200-ok', 'Upgrade: websocket', 'Upgrade: h2c', 'TE: trailers']),
      ),
    ],
    () => [
      header(`Range: ${pick(random, ['bytes=-', 'bytes=0-0,1-1,2-2', 'bytes=9999999999999-', 'x', 'bytes=--1'])}`),
    ],
    () => [
      header(`traceparent: ${pick(random, ['00', '0'.repeat(1000), `00-${'0'.repeat(32)}-${'0'.repeat(16)}-00`])}`),
    ],
    () => [
      usual.replace(
        /(?:Bearer|Basic) \S+/,
        pick(random, ['Bearer', 'Basic !!!', 'Basic Og==', `Basic ${'A'.repeat(5000)}`, 'Token', '\t', 'Negotiate x']),
      ),
    ],
    () => [`${path}\r\n\r\n`],
    () => [usual, usual, noise(random, 50)],
  ])();
}

function oddPath(random: Random, target: Target): Piece[] {
  const { path, method } = target;
  const odd = pick(random, [
    ...['%', '%zz', '%00', '%c0%ae', '%ff%fe', '%u0041', '..%2f..%2fkeys', '%2e%2e/', '//', ';x', '\\', '*', '#x'],
    ...[
      '../../../etc/passwd',
      '__proto__',
      'constructor',
      '{}',
      '$where',
      '٣',
      '1e9',
      '-1',
      'NaN',
      '0x1',
      '1'.repeat(400),
    ],
    'a'.repeat(9000),
  ]);
  const query = pick(random, [
    ...[
      'limit=-1',
      'limit=1e999',
      'limit[$gt]=1',
      'limit=%00',
      'page=9223372036854775807',
      'offset=-5',
      'projectId=%00',
    ],
    ...[
      '&&&=',
      '__proto__[x]=1',
      'a=1&'.repeat(500),
      '%',
      '?',
      `exact_tags=${'%25'.repeat(200)}`,
      'match_tags=%25|%25|%25|%25',
    ],
    ...[
      'take=-1',
      'take=1e9',
      'take=257',
      'skip=99999999999999999999',
      'iterationId=%00',
      'threshold=NaN',
      '$filter=x',
    ],
    ...[
      `tagIds=${','.repeat(5000)}`,
      `imageIds=${'x,'.repeat(3000)}`,
      'tagIds[]=1',
      'orderBy[]=',
      'store=2',
      'TAKE=&take=',
    ],
    `match_tags=${'a%25'.repeat(60)}|${'%25%25a'.repeat(60)}`,
    `start_timestamp=${'9'.repeat(400)}`,
    `projectName=${'%F0%9F'.repeat(50)}`,
  ]);
  const paths = [
    `${path}/${odd}`,
    path.replace(/[^/]+$/, odd),
    `${path}?${query}`,
    `/${odd}${path}`,
    `${path}?${odd}=${odd}`,
  ];
  return [`${head({ ...target, method, path: pick(random, paths) })}\r\n\r\n`];
}

function json(random: Random, target: Target): Piece[] {
  const { body } = target;
  const bytes = Buffer.from(body);
  const odd = pick(random, [
    ...[
      'null',
      '-1',
      '1e999',
      '9'.repeat(400),
      '""',
      '"\\u0000"',
      '"\\ud800"',
      '[]',
      '{}',
      '[[]]',
      '{"$gt":""}',
      'true',
      '0.5',
    ],
    ...[
      '{"__proto__":1}',
      '{"constructor":{"prototype":1}}',
      '"..\\/..\\/x"',
      `"${'x'.repeat(5000)}"`,
      '[null]',
      '[{}]',
      '[1e5]',
    ],
  ]);
  const levels = wholeWithin(random, 33, 50_000);
  const made = pick<() => Buffer>(random, [
    () => bytes.subarray(0, wholeWithin(random, 0, bytes.length - 1)),
    () => flipped(random, bytes, wholeWithin(random, 1, 5)),
    () => Buffer.from(body.replace(/:("[^"]*"|[\d.]+|\[\]|true|false)/, `:${odd}`)),
    () => Buffer.from(body.replaceAll(/:("[^"]*"|[\d.]+|\[\]|true|false)/g, `:${odd}`)),
    () => Buffer.from(odd),
    () => Buffer.from(body.replace('{', `{"__proto__":${odd},`)),
    () => Buffer.from(body.replace('{', `{"x":${'['.repeat(levels)}${']'.repeat(levels)},`)),
    () => Buffer.from(`${'{"a":'.repeat(levels)}1`),
    () => Buffer.from(`{${'"a":1,'.repeat(wholeWithin(random, 1000, 50_000))}"b":2}`),
    () => Buffer.from(`\ufeff${body}`),
    () => Buffer.from(body, 'utf16le'),
    () => Buffer.concat([bytes, noise(random, 20)]),
    () => Buffer.from(`[${'[],'.repeat(100_000)}[]]`),
    () => Buffer.from(`{"x":"${'\\u0041'.repeat(200_000)}"}`),
    () => Buffer.from(`{"tags":[${'"t",'.repeat(50_000)}"t"]}`),
    () => Buffer.alloc(0),
    () => noise(random, wholeWithin(random, 1, 500)),
  ])();
  const type = pick(random, [
    ...[
      'application/json',
      'application/json',
      'application/json',
      'application/json; charset=utf-7',
      'application/json;',
    ],
    ...['application/json; charset="', 'text/json', 'application/merge-patch+json', '', 'json', 'a/b/c', 'é/x'],
  ]);
  const more = random() < 0.1 ? [`Content-Encoding: ${pick(random, ['gzip', 'br', 'x', 'identity, gzip'])}`] : [];
  return withBody(target, type, made, more);
}

function xml(random: Random, target: Target): Piece[] {
  const entities = Array.from({ length: 9 }, (_, i) => `<!ENTITY e${i + 1} "${`&e${i};`.repeat(10)}">`).join('');
  const levels = wholeWithin(random, 100, 50_000);
  const text = pick(random, [
    `<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e0 "ha">${entities}]><x>&e9;</x>`,
    '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>',
    '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd"><x/>',
    `${'<a>'.repeat(levels)}${'</a>'.repeat(levels)}`,
    '<a>'.repeat(levels),
    `<a ${'b="1" '.repeat(levels)}/>`,
    '<a><b></a></b>',
    '<a>\0</a>',
    '<?xml version="1.0" encoding="utf-32"?><a/>',
    '<![CDATA[',
    '',
  ]);
  const type = pick(random, ['application/xml', 'text/xml; charset=utf-16', 'application/soap+xml', 'image/svg+xml']);
  return withBody(target, type, pick(random, [Buffer.from(text), flipped(random, Buffer.from(`${text} `), 4)]));
}

/** Bytes. A server that refuses more without reading it may close the connection before its answer is seen. */
const MANY_PARTS = 50_000;

function multipart(random: Random, target: Target): Piece[] {
  const boundary = pick(random, ['x', 'b'.repeat(70), 'b'.repeat(5000), '"', '', 'é', '--', 'a b']);
  const disposition = pick(random, [
    'form-data; name="file"; filename="a.png"',
    'form-data; name="file"; filename="../../etc/passwd"',
    `form-data; name="${'n'.repeat(10_000)}"`,
    'form-data; name="__proto__"',
    "form-data; name*=utf-8''%ff",
    'form-data; filename="',
    '',
  ]);
  const part = `--${boundary}\r\nContent-Disposition: ${disposition}\r\nContent-Type: image/png\r\n\r\n\x89PNG\r\n`;
  const body = pick<() => string>(random, [
    () => `${part}--${boundary}--\r\n`,
    () => part,
    () => part.repeat(Math.ceil(MANY_PARTS / part.length)),
    () => `--${boundary}`,
    () => `--${boundary}\r\n${'X-Header: 1\r\n'.repeat(5000)}`,
    () => `${part}--${boundary}--${part}`,
    () => part.replaceAll('\r\n', '\n'),
    () => '',
  ])();
  const type = pick(random, [
    `multipart/form-data; boundary=${boundary}`,
    'multipart/form-data',
    `multipart/mixed; boundary=${boundary}`,
    `multipart/form-data; boundary=${boundary}; boundary=y`,
    'application/x-www-form-urlencoded',
  ]);
  return withBody(
    target,
    type,
    pick(random, [Buffer.from(body, 'latin1'), flipped(random, Buffer.from(`${body} `), 4)]),
  );
}
