import path from 'node:path';
import { beside, CONNECTIONS, download, latency } from './load.mjs';
import { makePhotos } from './photos.mjs';
import { number, percent } from './table.mjs';

const FILES = 16;

/** Files by signed URL, against a plain Fastify with @fastify/static and the same files. */
export async function downloads(system) {
  const { client } = await system.workspace('bench-downloads');
  const directory = path.join(system.directory.path, '../downloads');
  const photos = await makePhotos(directory, FILES);
  const urls = [];
  for (const [i, { bytes }] of photos.entries()) {
    const { id } = await client.json('POST', '/v1/upload', {
      filename: `${i}.jpg`,
      image_data: bytes.toString('base64'),
    });
    urls.push(new URL((await client.json('GET', `/v1/images/${id}`)).url));
  }
  const kilobytes = number(photos.reduce((sum, { bytes }) => sum + bytes.length, 0) / FILES / 1000);
  const paths = urls.map(({ pathname, search }) => pathname + search);
  const rows = [];
  for (const [name, count] of [
    ['one file', 1],
    [`${FILES} files`, FILES],
  ]) {
    const through = await download(urls[0].origin, paths.slice(0, count));
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
