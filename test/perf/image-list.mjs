import autocannon from 'autocannon';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import mongoose from 'mongoose';
import { fileURLToPath } from 'node:url';
import { number, percent } from './table.mjs';

const RECORDS = 100_000;
const BATCH = 10_000;
const LIMIT = 50;
const CONNECTIONS = 16;
const SECONDS = 10;
/** Requests per second of the prototype: bus, mongoose and signed URLs without totals, on 2 cores. */
const PROTOTYPE = 1090;
/** What a bare Fastify made of a small answer on the machine of the prototype: tells how far the two compare. */
const PROTOTYPE_MACHINE = 76_000;

/** A page of the newest of 100,000 records, against a bare Fastify that serializes the same body. */
export async function imageList(system) {
  const workspace = await system.workspace('bench-list');
  await seed(system.database, workspace);
  const { client } = workspace;
  const url = `${system.stack.url}/v1/images?limit=${LIMIT}`;
  const { text } = await client.send('GET', url);
  const { results, meta } = JSON.parse(text);
  if (results.length !== LIMIT || meta.total_results !== RECORDS)
    throw new Error(`the page is not what was seeded: ${text.slice(0, 200)}`);
  const headers = { authorization: `Bearer ${client.key}` };
  const through = await load(url, headers);
  const bare = await besideBareFastify(text, (bareUrl) => load(bareUrl, headers));
  const machine = await besideBareFastify('{"ok":true}', (bareUrl) => load(bareUrl, headers, 4));
  const latency = ({ latency: { p50, p99 } }) => `p50 ${number(p50)} ms, p99 ${number(p99)} ms`;
  return [
    {
      name: `GET /v1/images?limit=${LIMIT} of ${number(RECORDS)}, ${CONNECTIONS} connections`,
      figure: `${number(through.requests.average)}/s`,
      comparedWith: `prototype without totals: ${number(PROTOTYPE)}/s`,
      ratio: percent(through.requests.average, PROTOTYPE),
    },
    {
      name: `the same, latency: ${latency(through)}`,
      figure: `${number(text.length)} bytes`,
      comparedWith: `bare Fastify, same body: ${number(bare.requests.average)}/s, ${latency(bare)}`,
      ratio: percent(through.requests.average, bare.requests.average),
    },
    {
      name: 'this machine in the same run: bare Fastify, a small answer',
      figure: `${number(machine.requests.average)}/s`,
      comparedWith: `the machine of the prototype: ${number(PROTOTYPE_MACHINE)}/s`,
      ratio: percent(machine.requests.average, PROTOTYPE_MACHINE),
    },
  ];
}

async function load(url, headers, duration = SECONDS) {
  await autocannon({ url, headers, connections: CONNECTIONS, duration: 2 });
  const result = await autocannon({ url, headers, connections: CONNECTIONS, duration });
  if (result.non2xx + result.errors > 0) throw new Error(`${result.non2xx + result.errors} requests failed`);
  return result;
}

async function besideBareFastify(body, action) {
  const child = fork(fileURLToPath(new URL('./bare-fastify.mjs', import.meta.url)), { execArgv: [] });
  try {
    child.send(body);
    const [url] = await once(child, 'message');
    return await action(url);
  } finally {
    child.disconnect();
  }
}

/** Straight into the database, as the catalog would have written it; all records share one content. */
async function seed(database, { name: workspace, libraryId: project }) {
  const now = Math.floor(Date.now() / 1000);
  const sha256 = randomBytes(32).toString('hex');
  const tags = ['bench', 'photo'].map((name, i) => ({ id: new mongoose.Types.ObjectId(), number: i + 1, name }));
  await database.collection('contents').insertOne({
    workspace,
    sha256,
    size: 300_000,
    mediaType: 'image/jpeg',
    state: 'decoded',
    width: 1440,
    height: 1080,
    createdAt: new Date(),
    orphanedAt: null,
  });
  const record = (number) => {
    const createdSecond = now - RECORDS + number;
    const createdAt = new Date(createdSecond * 1000);
    return {
      workspace,
      project,
      number,
      fileName: `photo-${number}.jpg`,
      createdBy: 'bench',
      createdAt,
      createdSecond,
      uploadedAt: createdAt,
      size: 300_000,
      sha256,
      state: 'decoded',
      draw: Math.random(),
      tags,
    };
  };
  for (let first = 1; first <= RECORDS; first += BATCH)
    await database.collection('images').insertMany(Array.from({ length: BATCH }, (_, i) => record(first + i)));
  await database
    .collection('counters')
    .updateOne({ _id: `${workspace}/image` }, { $set: { value: RECORDS } }, { upsert: true });
  // As after many uploads: the totals are spread over all slots.
  const slots = 32;
  const share = RECORDS / slots;
  await database
    .collection('image_counts')
    .insertMany(
      Array.from({ length: slots }, (_, slot) => ({ workspace, project, slot, total: share, uploaded: share })),
    );
}
