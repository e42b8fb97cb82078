/**
 * A process that projects vectors once, so that its memory can be measured: { count, size, threads, directory }. It makes the vectors;
 * without a count it reads them from vectors.f32.
 */
import { project2d } from '@pentaprism/projection';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { madeVectors } from './made-vectors.mjs';

const [{ count, size, threads, directory }] = await once(process, 'message');
const file = path.join(directory, 'vectors.f32');
const vectors = count ? madeVectors(count, size) : new Float32Array(new Uint8Array(readFileSync(file)).buffer);
if (count) writeFileSync(file, new Uint8Array(vectors.buffer));
const startedAt = performance.now();
const positions = await project2d(vectors, size, { seed: 'bench', threads });
const seconds = (performance.now() - startedAt) / 1000;
writeFileSync(path.join(directory, 'positions.f32'), new Uint8Array(positions.buffer));
process.send({ seconds, peak: process.resourceUsage().maxRSS * 1024 });
await once(process, 'disconnect');
