import path from 'node:path';
import { HOT_CACHE_BYTES } from '../../libs/blob-store/dist/index.js';
import { beside, CONNECTIONS, download, latency } from './load.mjs';
import { makePhotos } from './photos.mjs';
import { forEach, until } from './system.mjs';
import { number, percent } from './table.mjs';

const CACHED_FILES = 16;
/** Twice what the cache of a gateway holds. Read in turn, none of them is cached: each request reads and hashes its file. */
const UNCACHED_BYTES = 2 * HOT_CACHE_BYTES;
const LIMIT_MS = 300_000;

/** Files by signed URL, against a plain Fastify with @fastify/static and the same files. */
export async function downloads(system) {
  const { name: workspace, client } = await system.workspace('bench-downloads');
  const directory = path.join(system.directory.path, '../downloads');
  const [{ bytes: sample }] = await makePhotos(directory, 1);
  const photos = await makePhotos(directory, Math.ceil(UNCACHED_BYTES / sample.length));
  const paths = [];
  await forEach(photos, CONNECTIONS, async ({ bytes }, i) => {
    const upload = { filename: `${i}.jpg`, image_data: bytes.toString('base64') };
    const { id } = await client.json('POST', '/v1/upload', upload);
    const { pathname, search } = new URL((await client.json('GET', `/v1/images/${id}`)).url);
    paths[i] = pathname + search;
  });
  await settled(system.database, workspace, photos.length);
  const kilobytes = number(photos.reduce((sum, { bytes }) => sum + bytes.length, 0) / photos.length / 1000);
  const rows = [];
  for (const [name, count] of [
    ['one file', 1],
    [`${CACHED_FILES} files`, CACHED_FILES],
    [`${photos.length} files, more than the cache holds,`, photos.length],
  ]) {
    const through = await download(system.stack.url, paths.slice(0, count));
    const names = photos.slice(0, count).map((_, i) => `/${i}.jpg`);
    const plain = await beside('./static-file.mjs', directory, (origin) => download(origin, names));
    rows.push({
      name: `download of ${name} of ${kilobytes} kB by signed URL, ${CONNECTIONS} connections`,
      figure: `${number(through.requests.average)}/s, ${latency(through)}`,
      comparedWith: `plain Fastify with @fastify/static: ${number(plain.requests.average)}/s, ${latency(plain)}`,
      ratio: percent(through.requests.average, plain.requests.average),
    });
  }
  return rows;
}

/** Waits for the jobs of the uploads, which would take the cores from what is measured. */
async function settled(database, workspace, uploads) {
  const analysed = () => database.collection('contents').countDocuments({ workspace, state: 'decoded' });
  const embedded = () => database.collection('embeddings').countDocuments({ workspace, state: 'embedded' });
  await until(async () => (await analysed()) === uploads && (await embedded()) === uploads, LIMIT_MS);
}
