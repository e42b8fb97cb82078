import { execFile } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { binsOf, qualityOf } from './calibration-quality.mjs';
import { beside } from './load.mjs';
import { projectionPeer } from './projection.mjs';
import { realPhotos, withoutPhotos } from './real-photos.mjs';
import { number } from './table.mjs';

const SETS = [
  { parts: 0, name: 'photos' },
  { parts: 9, name: 'photos and parts of them' },
];
const PROGRAM = fileURLToPath(new URL('./calibration_sklearn.py', import.meta.url));
const LIMIT_MS = 900_000;
const MAX_BYTES = 64e6;

/**
 * Measures the probabilities of models: LogLoss, accuracy and expected calibration error of predictions for rows that a model was
 * not trained on, against scikit-learn's logistic regression on the same embeddings and folds.
 */
export async function calibration(system) {
  if (realPhotos().length === 0) return [withoutPhotos('calibration of probabilities')];
  const directory = path.join(system.directory.path, '../calibration');
  const rows = [];
  try {
    for (const set of SETS) {
      mkdirSync(directory, { recursive: true });
      rows.push(...(await measure(set, directory)));
    }
    return rows;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function measure({ parts, name }, directory) {
  const { size, rows } = await beside('./embed-photos-process.mjs', { directory, parts }, (made) => made);
  const { classes, found } = await beside('./calibration-process.mjs', { directory, size, rows }, (made) => made);
  const set = `${number(rows.length)} ${name}`;
  const own = Object.entries(found).map(([model, probabilities]) => ({
    name: `${set}: ${model}`,
    figure: textOf(qualityOf(classes, probabilities)),
    comparedWith: reliability(classes, probabilities),
  }));
  const peer = await peerOf(directory, size);
  const other = `${set}: scikit-learn's logistic regression`;
  if (peer instanceof Error) return [...own, { name: other, figure: 'skipped', comparedWith: peer.message }];
  const ways = Object.entries(peer).map(([way, probabilities]) => ({
    name: `${other}, ${way}`,
    figure: textOf(qualityOf(classes, probabilities)),
    comparedWith: reliability(classes, probabilities),
  }));
  return [...own, ...ways];
}

/** @returns probabilities by the way in which the regression is used, or why there are none */
async function peerOf(directory, size) {
  let python;
  try {
    python = projectionPeer();
  } catch (error) {
    return error;
  }
  const args = [PROGRAM, path.join(directory, 'vectors.f32'), `${size}`, path.join(directory, 'rows.json')];
  const { stdout } = await promisify(execFile)(python, args, { timeout: LIMIT_MS, maxBuffer: MAX_BYTES });
  return JSON.parse(stdout);
}

/** The mean probability of the chosen class, the share of rows that is right, and the rows, for each bin. */
function reliability(classes, probabilities) {
  const bins = binsOf(classes, probabilities).filter(({ rows }) => rows > 0);
  const texts = bins.map(
    ({ rows, confidence, accuracy }) => `${number(confidence, 2)} → ${number(accuracy, 2)} (${number(rows)})`,
  );
  return `probability → right: ${texts.join(', ')}`;
}

const textOf = ({ loss, accuracy, error }) =>
  `LogLoss ${number(loss, 3)}, accuracy ${number(accuracy, 3)}, calibration error ${number(error, 3)}`;
