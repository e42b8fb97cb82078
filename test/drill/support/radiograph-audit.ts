import path from 'node:path';
import { FILTERS } from '../../e2e/support/filters.js';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { storedBlobs } from '../../e2e/support/stack.js';
import { forEach } from './for-each.js';
import { parse, sha256Of, shown, type RadiographAttempt, type RadiographLoad } from './radiograph-load.js';

export interface RadiographAudit {
  /** Acknowledged, not deleted, and not there; or deleted and there. */
  readonly lost: string[];
  /** Another resource or other bytes than were acknowledged. */
  readonly corrupt: string[];
  /** Of what was refused. */
  readonly kept: string[];
  /** Records that nobody sent, and second ones of one upload. */
  readonly unexplained: string[];
}

/** Compares all radiographs that there are with what the clients were told. */
export async function auditRadiographs(faulty: FaultyStack, load: RadiographLoad): Promise<RadiographAudit> {
  const found: RadiographAudit = { lost: [], corrupt: [], kept: [], unexplained: [] };
  const records = await recordsOf(faulty, load.workspace);
  await forEach(load.attempts, 8, async (attempt) => {
    if (attempt.resource) await lookAt(attempt, load, records, found);
  });
  const wrong = new Set(load.attempts.flatMap((attempt) => (attempt.wrong === undefined ? [] : attempt.sha256)));
  const contents = await faulty.database.collection('contents').find({ workspace: load.workspace }).toArray();
  const system = { url: '', ownerKey: '', data: path.dirname(faulty.blobs) };
  const stored = [
    ...(await storedBlobs(system, 'originals', load.workspace)).map((name) => ['bytes', name] as const),
    ...contents.map(({ sha256 }) => ['content', String(sha256)] as const),
    ...[...records.values()].map((sha256) => ['record', sha256] as const),
  ];
  for (const [what, sha256] of stored) if (wrong.has(sha256)) found.kept.push(`${what} ${sha256}`);
  // What was not acknowledged may be there, once for each attempt.
  const spare = new Map<string, number>();
  for (const { resource, wrong: refused, sha256 } of load.attempts)
    if (!resource && refused === undefined) spare.set(sha256, (spare.get(sha256) ?? 0) + 1);
  const known = new Set(load.attempts.map(({ resource }) => resource?.id));
  for (const [key, sha256] of records) {
    if (known.has(key)) continue;
    const left = spare.get(sha256) ?? 0;
    if (left === 0) found.unexplained.push(`${key} of ${sha256}`);
    spare.set(sha256, left - 1);
  }
  return found;
}

/** By the id that clients know: sha256 of the bytes that came. */
async function recordsOf({ database }: FaultyStack, workspace: string): Promise<ReadonlyMap<string, string>> {
  const records = await database.collection('images').find({ workspace }).toArray();
  return new Map(
    records.map(({ _id, radiograph }) => {
      const { key = String(_id), source } = (radiograph ?? {}) as { key?: string; source?: { sha256: string } };
      return [key, source?.sha256 ?? 'none'];
    }),
  );
}

async function lookAt(
  attempt: RadiographAttempt,
  { client }: RadiographLoad,
  records: ReadonlyMap<string, string>,
  found: RadiographAudit,
): Promise<void> {
  const { resource, deletion, sha256 } = attempt;
  if (!resource) return;
  const [described, media] = [
    await client.send('GET', `${FILTERS}/images/${resource.id}`),
    await client.send('GET', `${FILTERS}/images/${resource.id}/media`),
  ];
  const seen = `${JSON.stringify(attempt)}: ${shown(described)}, media ${media.status}`;
  const gone = described.status === 404 && media.status === 404 && !records.has(resource.id);
  if (deletion === 'done' && !gone) found.lost.push(seen);
  if (deletion === 'done' || (deletion === 'asked' && gone)) return;
  if (described.status !== 200 || media.status !== 200) found.lost.push(seen);
  else if (JSON.stringify(parse(described)) !== JSON.stringify(resource)) found.corrupt.push(seen);
  else if (sha256Of(media.bytes) !== sha256 || records.get(resource.id) !== sha256)
    found.corrupt.push(`${seen} of ${sha256Of(media.bytes)}`);
}
