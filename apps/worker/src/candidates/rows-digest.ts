import { createHash } from 'node:crypto';
import type { RowsOfProject } from './project-rows.js';

type LearnedRows = Pick<RowsOfProject, 'table' | 'targets' | 'contents' | 'predictors'>;

/**
 * Returns a digest of what a candidate learns from: values, images and partitions. Parts of a job have it in their names, so that
 * an attempt that reads other rows, such as one of another version, does not use them.
 */
export function rowsDigest({ table, targets, contents, predictors }: LearnedRows, partitions: Uint8Array): string {
  const { type, classes } = targets;
  const columns = predictors.map(({ column, kind }) => [column.name, kind]);
  const digest = createHash('sha256')
    .update(JSON.stringify([table, type, classes, columns]))
    .update(partitions);
  for (const ofColumn of contents) digest.update(ofColumn.map((sha256) => sha256 ?? '-').join(',')).update('\n');
  return digest.digest('hex').slice(0, 32);
}
