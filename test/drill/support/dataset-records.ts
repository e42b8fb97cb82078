import mongoose from 'mongoose';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { age, filesBelow } from './sweep.js';
import { whileShrinking } from './while-shrinking.js';
import { readdir } from 'node:fs/promises';
import path from 'node:path';

/** The collections whose documents belong to a dataset. */
const PARTS = ['dataset_columns', 'dataset_images', 'dataset_findings'] as const;
const DAY_MS = 24 * 3600 * 1000;
/** Milliseconds in which something has to be removed. The first sweep starts 10 s after training-ingest. */
const STALLED_MS = 60_000;

/** What is stored of a dataset, without its ids, in an order that does not depend on when it was written. */
export interface StoredDataset {
  readonly record: string;
  readonly columns: string[];
  readonly images: string[];
  readonly findings: string[];
  /** Hashes that the catalog holds for it. */
  readonly held: string[];
  /** Hashes of its images, each once. */
  readonly hashes: string[];
  readonly table: string;
}

type Database = FaultyStack['database'];

export async function storedDataset(database: Database, id: string): Promise<StoredDataset | undefined> {
  const dataset = new mongoose.Types.ObjectId(id);
  const document = await database.collection('datasets').findOne({ _id: dataset });
  if (!document) return undefined;
  const { state, rowCount, columnCount, imageCount, importedRows, hasImages, size, findings, table } = document;
  const [columns, images, lines] = await Promise.all(
    PARTS.map((name) => database.collection(name).find({ dataset }, { projection: HIDDEN }).toArray()),
  );
  const holds = await database
    .collection('content_holds')
    .find({ holder: `dataset/${id}` })
    .toArray();
  return {
    record: JSON.stringify({ state, rowCount, columnCount, imageCount, importedRows, hasImages, size, counts: sortedKeys(findings as object), table: table as object }), // prettier-ignore
    columns: asLines(columns),
    images: asLines(images),
    findings: asLines(lines),
    held: holds.map(({ sha256 }) => String(sha256)).sort(),
    hashes: [...new Set((images ?? []).map(({ sha256 }) => String(sha256)))].sort(),
    table: String((table as { sha256?: string } | null)?.sha256),
  };
}

const HIDDEN = { _id: 0, dataset: 0, workspace: 0 };

const sortedKeys = (object: object) => Object.fromEntries(Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1)));
const asLines = (documents: readonly object[] = []) => documents.map((each) => JSON.stringify(sortedKeys(each))).sort();

/** Returns documents of datasets without a record, and holds of such datasets. */
export async function documentsWithoutDataset(database: Database): Promise<string[]> {
  const known = await database.collection('datasets').distinct('_id');
  const holders = known.map((id) => `dataset/${String(id)}`);
  const parts = PARTS.map(async (name) => {
    const owners = await database.collection(name).distinct('dataset', { dataset: { $nin: known } });
    return owners.map((id) => `${name} of ${String(id)}`);
  });
  const held = database.collection('content_holds').distinct('holder', { holder: { $nin: holders } });
  return [...(await Promise.all(parts)).flat(), ...(await held).map((holder) => `hold of ${String(holder)}`)];
}

/** Waits while deleted datasets are removed. Returns the deleted datasets and the documents without a dataset that stay. */
export async function removedDatasets({ database }: FaultyStack): Promise<string[]> {
  const look = async () => {
    const marked = await database
      .collection('datasets')
      .find({ deletedAt: { $ne: null } })
      .toArray();
    return [...marked.map(({ _id }) => `dataset ${String(_id)}`), ...(await documentsWithoutDataset(database))];
  };
  await whileShrinking(async () => (await look()).length, { stalledMs: STALLED_MS });
  return look();
}

/** Makes the files of datasets old enough for the sweep, and waits for it. Returns the files that differ from the records. */
export async function sweepDatasets(faulty: FaultyStack): Promise<{ more: string[]; less: string[] }> {
  const area = path.join(faulty.blobs, 'blobs', 'datasets');
  const old = new Date(Date.now() - 2 * DAY_MS);
  for (const file of await filesBelow(area)) await age(file, old);
  faulty.kill('training-ingest');
  await faulty.recovered('training-ingest');
  const look = () => compareFiles(faulty.database, area);
  await whileShrinking(async () => (await look()).more.length, { stalledMs: STALLED_MS });
  return look();
}

async function compareFiles(database: Database, area: string): Promise<{ more: string[]; less: string[] }> {
  const there = new Set<string>();
  for (const workspace of await readdir(area).catch(() => []))
    for (const file of await filesBelow(path.join(area, workspace))) there.add(`${workspace}/${path.basename(file)}`);
  const wanted = new Set<string>();
  for (const { workspace, upload, table } of await database.collection('datasets').find({}).toArray())
    for (const file of [upload, table]) if (file) wanted.add(`${String(workspace)}/${String(file.sha256)}`);
  return { more: [...there].filter((name) => !wanted.has(name)), less: [...wanted].filter((name) => !there.has(name)) };
}
