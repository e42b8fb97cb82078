import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pythonEnvironment } from '../support/python-environment.mjs';
import { beside } from './load.mjs';
import { realPhotos, withoutPhotos } from './real-photos.mjs';
import { megabytes, number } from './table.mjs';

const SIZE = 1280;
const THREADS = Math.min(4, availableParallelism());
const SOME = { count: 10_000, goalSeconds: 10, goalRatio: 2.5 };
const MANY = { count: 50_000, goalSeconds: 40, goalBytes: 1.5e9 };
/** Parts of each photo that are projected with it: 60 photos are 1,200 pictures then. */
const PARTS = 19;
/** What umap-learn's trustworthiness may be higher by. */
const TOLERANCE = 0.01;

const ENVIRONMENT = fileURLToPath(new URL('../../.pentaprism/umap', import.meta.url));
const PACKAGES = ['umap-learn==0.5.12', 'scikit-learn==1.9.1', 'numba==0.68.1', 'numpy==2.4.6'];
const UMAP = fileURLToPath(new URL('./projection_umap.py', import.meta.url));
const UMAP_LIMIT_MS = 900_000;

/** Seconds, memory and quality of positions in the plane, compared with umap-learn after its warm-up. */
export async function projection(system) {
  const directory = path.join(system.directory.path, '../projection');
  mkdirSync(directory, { recursive: true });
  try {
    const some = await project(SOME.count, directory);
    const compared = await comparison(directory, some);
    const photos = await onPhotos(directory);
    const many = await project(MANY.count, directory);
    return [
      ...compared,
      photos,
      {
        name: nameOf(MANY.count),
        figure: `${number(many.seconds, 1)} s`,
        comparedWith: `goal: below ${MANY.goalSeconds} s`,
      },
      {
        name: 'its peak RSS',
        figure: megabytes(many.peak),
        comparedWith: `goal: below ${megabytes(MANY.goalBytes)}`,
      },
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Installs umap-learn and scikit-learn. @returns {string} path of the interpreter that has them */
export function projectionPeer() {
  return pythonEnvironment(ENVIRONMENT, PACKAGES);
}

/** Measures trustworthiness on embeddings of photos and parts of them, by the project's own backbone. @param {string} directory */
async function onPhotos(directory) {
  if (realPhotos().length === 0) return withoutPhotos('trustworthiness on photos');
  const { size, rows } = await beside('./embed-photos-process.mjs', { directory, parts: PARTS }, (made) => made);
  await beside('./projection-process.mjs', { size, threads: THREADS, directory }, (measured) => measured);
  const name = `trustworthiness on ${number(rows.length)} photos and parts of them (scikit-learn's)`;
  let umap;
  try {
    umap = await measured(projectionPeer(), directory, size);
  } catch (error) {
    return { name, figure: 'skipped', comparedWith: error.message };
  }
  return { name, figure: number(umap.ours, 4), comparedWith: trust(umap) };
}

/** @param {string} python @param {string} directory @param {number} size numbers of a vector */
async function measured(python, directory, size) {
  const args = [UMAP, path.join(directory, 'vectors.f32'), `${size}`, path.join(directory, 'positions.f32')];
  const { stdout } = await promisify(execFile)(python, args, { timeout: UMAP_LIMIT_MS });
  return JSON.parse(stdout);
}

const trust = ({ theirs, theirsReduced }) =>
  `umap-learn: ${number(theirs, 4)}, on principal components ${number(theirsReduced, 4)} ` +
  `(goal: at least that minus ${TOLERANCE})`;

/** @param {number} count @param {string} directory that the vectors and positions are written to */
function project(count, directory) {
  const what = { count, size: SIZE, threads: THREADS, directory };
  return beside('./projection-process.mjs', what, (measured) => measured);
}

async function comparison(directory, own) {
  const name = nameOf(SOME.count);
  const figure = `${number(own.seconds, 1)} s`;
  const goal = `goal: below ${SOME.goalSeconds} s`;
  let python;
  try {
    python = projectionPeer();
  } catch (error) {
    return [{ name, figure, comparedWith: `${goal}; umap-learn is skipped: ${error.message}` }];
  }
  const umap = await measured(python, directory, SIZE);
  const seconds = (value) => `${number(value, 1)} s`;
  const ratio = (value) => `${number(value / own.seconds, 1)} x`;
  return [
    {
      name,
      figure,
      comparedWith: `${goal}; warm umap-learn: ${seconds(umap.seconds)} (goal: ${SOME.goalRatio} x as fast)`,
      ratio: ratio(umap.seconds),
    },
    {
      name: 'the same',
      figure,
      comparedWith: `scikit-learn's 50 principal components, and warm umap-learn on them: ${seconds(umap.reduced)}`,
      ratio: ratio(umap.reduced),
    },
    {
      name: "their trustworthiness (scikit-learn's)",
      figure: number(umap.ours, 4),
      comparedWith: trust(umap),
    },
  ];
}

/** @param {number} count */
function nameOf(count) {
  return `positions of ${number(count)} embeddings of ${number(SIZE)} numbers, ${THREADS} threads`;
}
