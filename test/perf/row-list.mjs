import { seedImages } from './image-list-seed.mjs';
import { CONNECTIONS, latency, load } from './load.mjs';
import { CLASSES, COLUMN, COMMON, seedRows } from './row-list-seed.mjs';
import { number, percent } from './table.mjs';

/** `BENCH_ROWS=10000` makes the lists smaller. */
const ROWS = Number(process.env.BENCH_ROWS ?? 100_000);
const LIMIT = 100;

/** Different pages: far more than a gateway keeps. */
const PAGES = 2000;
const SECONDS = 4;
/** Pages of rows, of the requests per second that the Tagged Image Manager answers. */
const GOAL = 0.8;

/**
 * Pages of a project's images by target value, against the Tagged Image Manager's list of as many images in the same run:
 * the first page against the first page, and pages anywhere against pages anywhere.
 */
export async function rowList(system) {
  const workspace = await system.workspace('bench-rows');
  const { client } = workspace;
  await seedImages(system.database, workspace, ROWS);
  const run = (paths) => load(client.url, client.headers, paths, SECONDS);
  const tagged = {
    first: await run([`/v1/images?limit=${LIMIT}`]),
    anywhere: await run(pages(ROWS, LIMIT, (page) => `/v1/images?limit=${LIMIT}&page=${page}`)),
  };
  const rows = [taggedRow('first page', tagged.first), taggedRow('pages anywhere', tagged.anywhere)];
  for (const { name, place, paths, total } of await questions(system, workspace)) {
    await check(client, paths.at(-1), total);
    const measured = await run(paths);
    rows.push({
      name: `GET ${name}, ${LIMIT} of ${number(total)}`,
      figure: `${number(measured.requests.average)}/s, ${latency(measured)}`,
      comparedWith: `the Tagged Image Manager's ${place}: ${number(tagged[place].requests.average)}/s (goal: ${100 * GOAL} %)`,
      ratio: percent(measured.requests.average, tagged[place].requests.average),
    });
  }
  return rows;
}

export async function questions(system, workspace) {
  const made = {};
  for (const type of ['multiclass', 'multilabel', 'regression'])
    made[type] = `/api/v2/projects/${await seedRows(system.database, workspace, type, ROWS)}`;
  const list = (type, query) => `${made[type]}/images/?column=${COLUMN}&limit=${LIMIT}${query}`;
  const first = (name, type, query, total) => ({ name, place: 'first', paths: [list(type, query)], total });
  const anywhere = (name, path, total) => ({
    name,
    place: 'anywhere',
    paths: pages(total, LIMIT, (page) => `${path}&offset=${page * LIMIT}`),
    total,
  });
  const [half, ofClass] = [ROWS / 2, ROWS / CLASSES];
  return [
    first('images/ of one value, first page', 'multiclass', '&targetValue=class-3', ofClass),
    anywhere('images/ of one value, pages anywhere', list('multiclass', '&targetValue=class-3'), ofClass),
    anywhere('images/ of any value, pages anywhere', list('multiclass', ''), ROWS),
    anywhere('images/ of a range, pages anywhere', list('regression', rangeQuery(half)), half),
    anywhere('images/ of one of several labels, pages anywhere', list('multilabel', `&targetValue=${COMMON}`), half),
    anywhere(
      'images/ of two of several labels, pages anywhere',
      list('multilabel', `&targetValue=${COMMON}&targetValue=first-3`),
      half / CLASSES,
    ),
    anywhere('duplicateImages/, pages anywhere', `${made.multiclass}/duplicateImages/${COLUMN}/?limit=${LIMIT}`, half),
  ];
}

const rangeQuery = (length) => `&targetBinStart=${length / 2}&targetBinEnd=${(3 * length) / 2}`;

/** Paths of pages at random places, the last of which is the last page. */
function pages(total, limit, path) {
  const last = Math.ceil(total / limit) - 1;
  return [...Array.from({ length: PAGES - 1 }, () => path(Math.floor(Math.random() * (last + 1)))), path(last)];
}

async function check(client, path, total) {
  const { totalCount, data } = await client.json('GET', path);
  if (totalCount !== total || data.length !== LIMIT)
    throw new Error(`${path} answered ${data.length} of ${totalCount} images, and not ${LIMIT} of ${total}`);
}

/** @returns {import('./table.mjs').Row} */
function taggedRow(name, measured) {
  return {
    name: `GET /v1/images, ${name}, ${LIMIT} of ${number(ROWS)}, ${CONNECTIONS} connections`,
    figure: `${number(measured.requests.average)}/s, ${latency(measured)}`,
  };
}
