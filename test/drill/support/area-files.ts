import { readdir } from 'node:fs/promises';
import path from 'node:path';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { age, filesBelow } from './sweep.js';
import { whileShrinking } from './while-shrinking.js';

const DAY_MS = 24 * 3600 * 1000;
/** Milliseconds in which something has to be removed. The first sweeps start 10 s after their services. */
const STALLED_MS = 60_000;
/** Services that sweep the areas below. */
const SWEEPERS = ['insights', 'training-ingest'] as const;

type Database = FaultyStack['database'];
/** Files of an area, as `workspace/sha256`. */
type Files = ReadonlySet<string>;

/** The fields of each collection that refer to files of an area. */
const REFERENCES: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  datasets: { datasets: ['upload.sha256', 'table.sha256'] },
  models: {
    candidates: ['trained.files.model.sha256', 'trained.files.predictions.sha256'],
    table_predictions: ['file.sha256'],
  },
  insights: { image_insights: ['columns.file.sha256'], overlays: ['content.sha256'] },
};

export interface AreaFiles {
  /** Files that no record refers to. */
  readonly more: string[];
  /** Files that a record refers to and that are not there. */
  readonly less: string[];
}

/** Makes the files of datasets, models and insights old enough for the sweeps, and waits for these. */
export async function sweepAreas(faulty: FaultyStack): Promise<AreaFiles> {
  const old = new Date(Date.now() - 2 * DAY_MS);
  for (const area of Object.keys(REFERENCES))
    for (const file of await filesBelow(pathOf(faulty, area))) await age(file, old);
  for (const name of SWEEPERS) faulty.kill(name);
  for (const name of SWEEPERS) await faulty.recovered(name);
  await whileShrinking(async () => (await compareAreas(faulty)).more.length, { stalledMs: STALLED_MS });
  return compareAreas(faulty);
}

/** Compares the files of datasets, models and insights with the records. */
export async function compareAreas(faulty: FaultyStack): Promise<AreaFiles> {
  const found: AreaFiles = { more: [], less: [] };
  for (const area of Object.keys(REFERENCES)) {
    const [there, wanted] = [await filesOf(faulty, area), await wantedOf(faulty.database, area)];
    found.more.push(...[...there].filter((file) => !wanted.has(file)).map((file) => `${area}/${file}`));
    found.less.push(...[...wanted].filter((file) => !there.has(file)).map((file) => `${area}/${file}`));
  }
  return found;
}

const pathOf = ({ blobs }: FaultyStack, area: string) => path.join(blobs, 'blobs', area);

async function filesOf(faulty: FaultyStack, area: string): Promise<Files> {
  const root = pathOf(faulty, area);
  const files = new Set<string>();
  for (const workspace of await readdir(root).catch(() => []))
    for (const file of await filesBelow(path.join(root, workspace))) files.add(`${workspace}/${path.basename(file)}`);
  return files;
}

async function wantedOf(database: Database, area: string): Promise<Files> {
  const wanted = new Set<string>();
  for (const [collection, fields] of Object.entries(REFERENCES[area] ?? {}))
    for (const field of fields) {
      const grouped = [{ $unwind: { path: '$columns', preserveNullAndEmptyArrays: true } }, { $group: { _id: { workspace: '$workspace', sha256: `$${field}` } } }]; // prettier-ignore
      for (const { _id } of await database.collection(collection).aggregate(grouped).toArray())
        if (_id.sha256) wanted.add(`${_id.workspace}/${_id.sha256}`);
    }
  return wanted;
}
