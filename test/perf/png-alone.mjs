/**
 * What an upload of a PNG has to compute whatever serves it: sha256, the checksum of each chunk, and the inflated size.
 * One process, told what to do once: files, how many at a time, how often; answers with the seconds that it took.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

const inflate = promisify(zlib.inflate);

process.once('message', async ({ paths, connections, count }) => {
  const files = await Promise.all(paths.map((path) => readFile(path)));
  const run = async (total) => {
    let next = 0;
    const lane = async () => {
      while (next < total) await check(files[next++ % files.length]);
    };
    await Promise.all(Array.from({ length: connections }, lane));
  };
  await run(connections);
  const startedAt = performance.now();
  await run(count);
  process.send((performance.now() - startedAt) / 1000);
  process.disconnect();
});

/** @param {Buffer} png */
async function check(png) {
  createHash('sha256').update(png).digest('hex');
  const data = [];
  for (let at = 8; at < png.length;) {
    const end = at + 8 + png.readUInt32BE(at);
    if (zlib.crc32(png.subarray(at + 4, end)) !== png.readUInt32BE(end)) throw new Error('a wrong checksum');
    if (png.toString('latin1', at + 4, at + 8) === 'IDAT') data.push(png.subarray(at + 8, end));
    at = end + 4;
  }
  const [width, height] = [png.readUInt32BE(16), png.readUInt32BE(20)];
  // In one go, which is the fastest that Node.js has.
  const rows = await inflate(Buffer.concat(data), { chunkSize: height * (1 + 2 * width) });
  if (rows.length !== height * (1 + 2 * width)) throw new Error('too few rows');
}
