import { CatalogView, type ImageRecord } from '../../e2e/support/faults-catalog.js';
import type { Attempt } from '../../e2e/support/faults-load.js';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { forEach } from './for-each.js';

export interface Audit {
  /** Acknowledged, not deleted, and not there with its bytes; or deleted and there. */
  readonly lost: string[];
  /** Other bytes, another size or another number than were acknowledged; also of uploads that were not. */
  readonly corrupt: string[];
  /** Records that nobody sent, and second ones of one upload. */
  readonly unexplained: string[];
  readonly miscounted: string[];
}

/** Compares everything that the API shows, and all bytes behind it, with what the clients were told. */
export async function audit(faulty: FaultyStack, attempts: readonly Attempt[]): Promise<Audit> {
  const catalog = new CatalogView(faulty);
  const found: Audit = { lost: [], corrupt: [], unexplained: [], miscounted: [] };
  const { records, total } = await catalog.everything();
  if (total !== records.length) found.miscounted.push(`total ${total}, records ${records.length}`);
  const withFile = records.filter(({ url }) => url !== null).length;
  const uploaded = await catalog.total('uploaded_only=true');
  if (uploaded !== withFile) found.miscounted.push(`uploaded ${uploaded}, records with a file ${withFile}`);

  const known = new Map(attempts.map((attempt) => [attempt.fileName, attempt]));
  const byName = new Map<string, ImageRecord>();
  const ids = new Set<number>();
  for (const record of records) {
    const twice = byName.has(record.filename) || ids.has(record.id);
    if (twice || !known.has(record.filename)) found.unexplained.push(JSON.stringify(record));
    byName.set(record.filename, record);
    ids.add(record.id);
  }
  for (const attempt of attempts) {
    const record = byName.get(attempt.fileName);
    const { acknowledged, deletion } = attempt;
    if (acknowledged && deletion === undefined && !record?.url) found.lost.push(`${JSON.stringify(attempt)}: no file`);
    if (deletion === 'done' && record) found.lost.push(`${JSON.stringify(attempt)}: deleted, and there`);
  }
  await forEach(records, 8, async (record) => {
    const attempt = known.get(record.filename);
    if (!attempt || record.url === null) return;
    const hash = await catalog.hashOf(record).catch((error: unknown) => (error as Error).message);
    const same = hash === attempt.sha256 && record.size === attempt.size && (attempt.id ?? record.id) === record.id;
    if (!same) found.corrupt.push(`${JSON.stringify(record)}: ${hash}, sent ${JSON.stringify(attempt)}`);
  });
  return found;
}
