import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { importArchive } from './imports.mjs';
import { beside } from './load.mjs';
import { realPhotos, withoutPhotos } from './real-photos.mjs';
import { number } from './table.mjs';

/** Variants are made of every so many photos. */
const EVERY = 3;
const PAGE = 1000;
const GOAL = 0.9;

/**
 * Measures precision and recall of the findings about pictures in a dataset, on variants of photos that are bad on purpose and on
 * others that only look so. Kinds about tables and names are not measured, and near duplicates are by `duplicateQuality`: most
 * variants of a photo are some.
 */
export async function findings(system) {
  const name = 'findings about pictures';
  if (realPhotos().length === 0) return [withoutPhotos(name)];
  const directory = path.join(system.directory.path, '../findings');
  mkdirSync(directory, { recursive: true });
  try {
    const archive = path.join(directory, 'archive.zip');
    const files = await beside('./findings-process.mjs', { archive, every: EVERY }, (made) => made);
    const { client } = await system.workspace('bench-findings');
    const { url } = await importArchive(client, archive);
    return rowsOf(judged(files, await allFindings(client, url)));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function allFindings(client, dataset) {
  const found = [];
  for (let url = `${dataset}findings/?limit=${PAGE}`; url;) {
    const { data, next } = await client.json('GET', url);
    found.push(...data);
    url = next;
  }
  return found;
}

function judged(files, found) {
  const kinds = new Map(files.map(({ file }) => [file, []]));
  for (const { file, kind } of found) if (kind !== 'near-duplicate') kinds.get(file)?.push(kind);
  return files.map((each) => ({ ...each, found: kinds.get(each.file) }));
}

function rowsOf(pictures) {
  const kinds = [...new Set(pictures.flatMap(({ bad }) => bad))];
  const untouched = pictures.filter(({ variant }) => variant === 'untouched');
  const alarms = untouched.filter(({ found }) => found.length > 0);
  return [
    ...kinds.map((kind) => rowOf(kind, pictures)),
    {
      name: 'untouched photos that have a finding',
      figure: `${alarms.length} of ${untouched.length}`,
      comparedWith: ['goal: none', ...alarms.map(({ file, found }) => `${file}: ${found.join(', ')}`)].join('; '),
    },
  ];
}

function rowOf(kind, pictures) {
  const made = pictures.filter(({ bad }) => bad.includes(kind));
  const found = pictures.filter((each) => each.found.includes(kind));
  const isWrong = ({ bad, also }) => !bad.includes(kind) && !also.includes(kind);
  const precision = 1 - found.filter(isWrong).length / found.length;
  const isMissed = (each) => !each.found.includes(kind);
  const recall = 1 - made.filter(isMissed).length / made.length;
  const notes = [
    ...counted('false alarms', found.filter(isWrong)),
    ...counted('missed', made.filter(isMissed)),
    `goal: ${GOAL} each`,
  ];
  return {
    name: `finding ${kind}: ${number(made.length)} of ${number(pictures.length)} pictures`,
    figure: `precision ${number(precision, 3)}, recall ${number(recall, 3)}`,
    comparedWith: notes.join('; '),
  };
}

/** @returns one text with the number of pictures by variant, or none */
function counted(what, pictures) {
  const counts = new Map();
  for (const { variant } of pictures) counts.set(variant, (counts.get(variant) ?? 0) + 1);
  return counts.size === 0 ? [] : [`${what}: ${[...counts].map(([name, count]) => `${count} ${name}`).join(', ')}`];
}
