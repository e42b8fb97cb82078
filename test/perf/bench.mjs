/**
 * `npm run bench [-- part ...]`: measures a system of its own, and prints one table. Parts: see PARTS; all of them where
 * none is named. Load generator and comparisons share the cores with the system, so compare within one run only. Sizes are set by the
 * environment: BENCH_ROWS (row-list), BENCH_PHOTOS (embedding), BENCH_ARCHIVES (imports), PHOTOS (models: a folder of photos in
 * class folders). BENCH_TENSORBOARD names the functions of tensorboard.mjs to run.
 */
import { availableParallelism } from 'node:os';
import { augmentation } from './augmentation.mjs';
import { calibration } from './calibration.mjs';
import { customVision } from './custom-vision.mjs';
import { downloads } from './downloads.mjs';
import { embedding } from './embedding.mjs';
import { fairness } from './fairness.mjs';
import { filters } from './filters.mjs';
import { findings } from './findings.mjs';
import { imports } from './imports.mjs';
import { imageList, imageListMillion } from './image-list.mjs';
import { insights } from './insights.mjs';
import { memory } from './memory.mjs';
import { models } from './models.mjs';
import { projection } from './projection.mjs';
import { rowList } from './row-list.mjs';
import { similarMillion } from './similar-million.mjs';
import { similarity } from './similarity.mjs';
import { startTimes } from './start-times.mjs';
import { System } from './system.mjs';
import { formatTable } from './table.mjs';
import { tensorboard } from './tensorboard.mjs';
import { uploads } from './uploads.mjs';

/** In this order: what is measured at rest comes before the load. */
const PARTS = {
  memory,
  uploads,
  downloads,
  filters,
  augmentation,
  vision: customVision,
  projection,
  embedding,
  calibration,
  insights,
  models,
  imports,
  findings,
  fairness,
  list: imageList,
  million: imageListMillion,
  'row-list': rowList,
  similarity,
  'similar-million': similarMillion,
  tensorboard,
  start: startTimes,
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(PARTS, name));
if (unknown.length > 0) {
  console.error(`There is no part called ${unknown.join(', ')}; there are ${Object.keys(PARTS).join(', ')}.`);
  process.exit(2);
}
const chosen = Object.entries(PARTS).filter(([name]) => names.length === 0 || names.includes(name));
const progress = (text) => process.stderr.isTTY && process.stderr.write(`\r\x1b[K${text}`);

const system = await System.start();
const rows = [];
for (const [name, measure] of chosen) {
  progress(`measuring: ${name} ...`);
  try {
    rows.push(...(await measure(system)));
  } catch (error) {
    // One part that cannot be measured does not take the others' figures away.
    rows.push({ name, figure: 'failed', comparedWith: error.message });
    process.exitCode = 1;
  }
}
progress('');
await system.down();
console.log(`Node.js ${process.version}, ${availableParallelism()} cores\n\n${formatTable(rows)}`);
process.exit();
