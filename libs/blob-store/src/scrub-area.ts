import { setTimeout as sleep } from 'node:timers/promises';
import { DomainError } from '@pentaprism/domain';
import type { BlobEntry, BlobStore } from './blob-store.js';
import type { BlobKey } from './blob-key.js';

/** Bytes that a blob counts at least: opening a small one costs about as much as reading this many. */
const LEAST_COST = 16 * 1024;
/** Milliseconds after which a wait looks whether it should end. */
const WAIT_MS = 1000;

export interface ScrubOptions {
  /** Where an earlier scrub has stopped. Default: the beginning of the area. */
  readonly after?: BlobKey | undefined;
  /** How fast bytes are read on average. */
  readonly bytesPerSecond: number;
  /** Asked between blobs, and at least every second while the rate makes the scrub wait. */
  readonly stopped: () => boolean;
  /** Called behind each blob. The position is that of the entry. */
  readonly onChecked: (entry: BlobEntry, isDamaged: boolean) => Promise<void>;
}

/**
 * Reads and hashes all blobs of an area, slowly. The store reports damaged ones to its `onDamage`.
 * @returns whether the end of the area was reached
 */
export async function scrubArea(
  blobs: Pick<BlobStore, 'list' | 'verify'>,
  area: string,
  { after, bytesPerSecond, stopped, onChecked }: ScrubOptions,
): Promise<boolean> {
  for await (const entry of blobs.list(area, undefined, after)) {
    if (stopped()) return false;
    const due = performance.now() + (1000 * Math.max(entry.size, LEAST_COST)) / bytesPerSecond;
    await onChecked(entry, await isDamaged(blobs, entry.key));
    for (let left = due - performance.now(); left > 0; left = due - performance.now()) {
      if (stopped()) return false;
      await sleep(Math.min(left, WAIT_MS), undefined, { ref: false });
    }
  }
  return true;
}

async function isDamaged(blobs: Pick<BlobStore, 'verify'>, key: BlobKey): Promise<boolean> {
  try {
    await blobs.verify(key);
    return false;
  } catch (error) {
    // Removed since it was listed.
    if (DomainError.is(error, 'NOT_FOUND')) return false;
    if (DomainError.is(error, 'DATA_LOSS')) return true;
    throw error;
  }
}
