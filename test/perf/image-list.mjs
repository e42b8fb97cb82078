import { seedImages } from './image-list-seed.mjs';
import { beside, CONNECTIONS, latency, load } from './load.mjs';
import { number, percent } from './table.mjs';

const RECORDS = 100_000;
const MILLION = 1_000_000;
const LIMIT = 50;
/** Different deep pages: far more than the gateway keeps. */
const PAGES = 2000;
/** Milliseconds between changes in the run that shows what a list costs while images come in. */
const CHANGE_EVERY_MS = 100;
/** Requests per second of the prototype: bus, mongoose and signed URLs without totals, on 2 cores. */
const PROTOTYPE = 1090;
/** What a bare Fastify made of a small answer on the machine of the prototype: tells how far the two compare. */
const PROTOTYPE_MACHINE = 76_000;

/** Pages of 100,000 records, against a bare Fastify that serializes the same body. */
export async function imageList(system) {
  const { client, url, measured } = await measure(system, 'bench-list', RECORDS);
  const { headers } = client;
  const { text } = await client.send('GET', url);
  const bare = await beside('./bare-fastify.mjs', text, (bareUrl) => load(bareUrl, headers, ['/']));
  const machine = await beside('./bare-fastify.mjs', '{"ok":true}', (bareUrl) => load(bareUrl, headers, ['/']));
  return [
    ...rowsOf(measured, RECORDS, (name, { requests: { average } }) =>
      name === 'first page'
        ? { comparedWith: `prototype without totals: ${number(PROTOTYPE)}/s`, ratio: percent(average, PROTOTYPE) }
        : {},
    ),
    {
      name: `the first page, ${number(text.length)} bytes`,
      figure: `${number(measured['first page'].requests.average)}/s`,
      comparedWith: `bare Fastify, same body: ${number(bare.requests.average)}/s, ${latency(bare)}`,
      ratio: percent(measured['first page'].requests.average, bare.requests.average),
    },
    {
      name: 'this machine in the same run: bare Fastify, a small answer',
      figure: `${number(machine.requests.average)}/s`,
      comparedWith: `the machine of the prototype: ${number(PROTOTYPE_MACHINE)}/s`,
      ratio: percent(machine.requests.average, PROTOTYPE_MACHINE),
    },
  ];
}

/** The same pages of ten times as many records, against those of 100,000 in the same run. */
export async function imageListMillion(system) {
  const small = await measure(system, 'bench-list-small', RECORDS);
  const large = await measure(system, 'bench-list-million', MILLION);
  return rowsOf(large.measured, MILLION, (name, { requests: { average } }) => {
    const before = small.measured[name];
    return {
      comparedWith: `of ${number(RECORDS)}: ${number(before.requests.average)}/s, ${latency(before)}`,
      ratio: percent(average, before.requests.average),
    };
  });
}

async function measure(system, name, records) {
  const workspace = await system.workspace(name);
  await seedImages(system.database, workspace, records);
  const { client } = workspace;
  const url = `${system.stack.url}/v1/images?limit=${LIMIT}`;
  const { text } = await client.send('GET', url);
  const { results, meta } = JSON.parse(text);
  if (results.length !== LIMIT || meta.total_results !== records)
    throw new Error(`the page is not what was seeded: ${text.slice(0, 200)}`);
  const { headers } = client;
  const run = (paths) => load(system.stack.url, headers, paths);
  const deep = (from) =>
    Array.from({ length: PAGES }, () => {
      const page = Math.floor((from + Math.random() * (1 - from)) * (records / LIMIT));
      return `/v1/images?limit=${LIMIT}&page=${page}`;
    });
  const first = [`/v1/images?limit=${LIMIT}`];
  const measured = {
    'first page': await run(first),
    'pages anywhere': await run(deep(0)),
    'last tenth of the pages': await run(deep(0.9)),
    'search, one exact tag': await run([`/v1/search/images?limit=${LIMIT}&exact_tags=bench-07&match_tags=`]),
    'search, one wildcard': await run([`/v1/search/images?limit=${LIMIT}&match_tags=BENCH-1%25`]),
    'first page, while images come in': await whileImagesComeIn(client, () => run(first)),
  };
  return { client, url, measured };
}

async function whileImagesComeIn(client, action) {
  let done = false;
  const changes = (async () => {
    while (!done) {
      await client.json('POST', '/v1/images', { filename: 'new.jpg', tags: ['bench-07'] });
      await new Promise((resolve) => setTimeout(resolve, CHANGE_EVERY_MS));
    }
  })();
  try {
    return await action();
  } finally {
    done = true;
    await changes;
  }
}

/** @returns {import('./table.mjs').Row[]} */
function rowsOf(measured, records, compare) {
  return Object.entries(measured).map(([name, result]) => ({
    name: `GET ${name}, ${LIMIT} of ${number(records)}, ${CONNECTIONS} connections`,
    figure: `${number(result.requests.average)}/s, ${latency(result)}`,
    ...compare(name, result),
  }));
}
