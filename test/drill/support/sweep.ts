import { readdir, utimes } from 'node:fs/promises';
import path from 'node:path';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { whileShrinking } from './while-shrinking.js';

const DAY_MS = 24 * 3600 * 1000;
/** Milliseconds in which something has to be removed. The first sweep of a catalog begins 15 s after its start, and is late on a busy machine. */
const STALLED_MS = 120_000;

export interface SweptStore {
  /** Files that no record knows, and contents that no image refers to. */
  readonly orphans: string[];
  /** Files that records know and that are not there. */
  readonly missing: string[];
  readonly temporary: string[];
}

/** Makes everything old enough for the sweepers, waits while they remove it, and tells what is wrong then. */
export async function sweepEverything(faulty: FaultyStack): Promise<SweptStore> {
  const old = new Date(Date.now() - 2 * DAY_MS);
  const contents = faulty.database.collection('contents');
  // First, so that it is not killed in the middle of a removal, whose file would stay in the trash for an hour.
  faulty.kill('catalog');
  // They wait an hour with temporary files, a day with bytes that no record knows, and BLOB_GRACE with orphans.
  for (const file of await filesBelow(faulty.blobs)) await age(file, old);
  await contents.updateMany({ orphanedAt: { $ne: null } }, { $set: { orphanedAt: old } });
  await faulty.recovered('catalog');
  const wrong = async () => {
    const { orphans, missing, temporary } = await look(faulty);
    return orphans.length + missing.length + temporary.length;
  };
  await whileShrinking(wrong, { stalledMs: STALLED_MS });
  return look(faulty);
}

/** Changes the times of a file, unless a sweep has removed it. */
export async function age(file: string, time: Date): Promise<void> {
  try {
    await utimes(file, time, time);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}

/** Originals that no record knows: only the daily sweep would find them. */
export async function unknownOriginals({ blobs, database }: FaultyStack): Promise<string[]> {
  const known = await database.collection('contents').distinct('sha256');
  return (await compare(blobs, 'originals', known.map(String))).more;
}

async function look({ blobs, database }: FaultyStack): Promise<SweptStore> {
  const contents = await database.collection('contents').find({}).toArray();
  const images = database.collection('images');
  const pointers = await Promise.all(['sha256', 'radiograph.source.sha256'].map((field) => images.distinct(field)));
  const used = new Set(pointers.flat().filter((sha256) => sha256 !== null));
  const hashes = new Set(contents.map(({ sha256 }) => String(sha256)));
  const thumbnails = contents.flatMap(({ thumbnail, resized }) =>
    [thumbnail, resized].flatMap((each) => (each ? [String(each.sha256)] : [])),
  );
  const areas = [await compare(blobs, 'originals', [...hashes]), await compare(blobs, 'thumbnails', thumbnails)];
  return {
    orphans: [
      ...areas.flatMap(({ more }) => more),
      ...[...hashes].filter((sha256) => !used.has(sha256)).map((sha256) => `content ${sha256}`),
    ],
    missing: [
      ...areas.flatMap(({ less }) => less),
      ...[...used].filter((sha256) => !hashes.has(String(sha256))).map((sha256) => `content ${sha256}`),
    ],
    temporary: [...(await filesBelow(path.join(blobs, 'tmp'))), ...(await filesBelow(path.join(blobs, 'trash')))],
  };
}

async function compare(blobs: string, area: string, known: readonly string[]) {
  const wanted = new Set(known);
  const there = new Set((await filesBelow(path.join(blobs, 'blobs', area))).map((file) => path.basename(file)));
  return {
    more: [...there].filter((name) => !wanted.has(name)).map((name) => `${area}/${name}`),
    less: [...wanted].filter((name) => !there.has(name)).map((name) => `${area}/${name}`),
  };
}

/** Returns the paths of all files below a directory, none if it does not exist. */
export async function filesBelow(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
}
