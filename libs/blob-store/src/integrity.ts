import { createHash, hash as hashAtOnce } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { DomainError } from '@pentaprism/domain';
import type { BlobKey } from './blob-key.js';

/** What is wrong with stored bytes: there are more or fewer than there should be, or they are other bytes. */
export type BlobFault = 'size' | 'hash';

/** Damaged bytes that were found. */
export interface BlobDamage {
  readonly key: BlobKey;
  readonly fault: BlobFault;
  /** The same bytes were being stored again, and replace the damaged ones. */
  readonly repaired: boolean;
}

/** Called for each damaged blob that a read, a verification or a put finds. */
export type OnDamage = (damage: BlobDamage) => void;

/** Bytes that are hashed in one piece: about a fifth of a millisecond. */
const SLICE_BYTES = 256 * 1024;

/** How lost bytes of an area come back, where it is not by storing the same file again. */
const REPAIRS: Readonly<Record<string, string>> = {
  thumbnails: 'the scrub of the blob store makes them again, if it is switched on',
  samples: 'new samples have to be made',
  eventimages: 'the run has to be removed and read again',
  models: 'the model has to be trained or exported again',
};

/** The error of damaged or missing bytes, which says how they come back. Its details hold the fault. */
export function blobLost(fault: BlobFault | 'missing', { area }: Pick<BlobKey, 'area'>): DomainError {
  const what = fault === 'missing' ? 'missing' : 'damaged';
  const repair = REPAIRS[area] ?? 'storing the same file again repairs them';
  return new DomainError('DATA_LOSS', `The stored bytes are ${what}; ${repair}.`, { fault });
}

/** Returns the SHA-256 of bytes in memory, in hexadecimal digits. Other work goes on between two slices of large ones. */
export async function hashBytes(bytes: Uint8Array): Promise<string> {
  // In one call, without an object for it: a third less for a small picture.
  if (bytes.byteLength <= SLICE_BYTES) return hashAtOnce('sha256', bytes, 'hex');
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.byteLength; at += SLICE_BYTES) {
    if (at > 0) await nextTurn();
    hash.update(bytes.subarray(at, at + SLICE_BYTES));
  }
  return hash.digest('hex');
}

/** Returns the SHA-256 of a whole file, in hexadecimal digits. Memory stays at one slice. */
export async function hashFile(handle: FileHandle): Promise<string> {
  const hash = createHash('sha256');
  const buffer = Buffer.allocUnsafe(SLICE_BYTES);
  for (let at = 0; ;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, at);
    if (bytesRead === 0) return hash.digest('hex');
    hash.update(buffer.subarray(0, bytesRead));
    at += bytesRead;
  }
}
