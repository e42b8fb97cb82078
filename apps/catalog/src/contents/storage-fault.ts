import type { ErrorCode } from '@pentaprism/domain';
import type { JobDocument } from '@pentaprism/jobs';

/** Errors of jobs whose bytes could not be read as they were stored. */
const STORAGE_FAULTS: ReadonlySet<string> = new Set<ErrorCode>(['DATA_LOSS', 'NOT_FOUND']);

/** Returns whether a job ended because its bytes are damaged or missing, which says nothing about the image itself. */
export function isStorageFault({ error }: Pick<JobDocument, 'error'>): boolean {
  return STORAGE_FAULTS.has(error?.code ?? '');
}
