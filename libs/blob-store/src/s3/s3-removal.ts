import { DomainError, systemNow } from '@pentaprism/domain';
import type { BlobKey } from '../blob-key.js';
import { TIMESTAMP_SLACK_MS } from '../blob-store.js';
import { isKeepMark, keepMark, markedTrash, type S3Keys } from './s3-keys.js';
import type { S3Requests } from './s3-requests.js';

/** Milliseconds between the announcement of a removal and its deletion; a process that slept longer gives up. */
const REMOVAL_MS = 60_000;

/** A write that took longer gives the blob the time of its end: what counts is when the put is acknowledged. */
const PROMPT_MS = 1_000;
/** Times that a put writes what removals take away, before it gives up. */
const MAX_ROUNDS = 10;

/**
 * Writes a blob unless it is there, and returns whether it did. With `replace` it writes in any case. `putAt` is in
 * milliseconds since 1970.
 */
export type WriteBlob = (putAt: number, replace: boolean) => Promise<boolean>;

export interface KeepOptions {
  /** Whether to look for the blob before writing it. */
  readonly askFirst: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Removal beside concurrent puts, in any number of processes, without a lock. S3 has no rename, and a condition on a
 * deletion can only name the ETag, which a put of the same bytes leaves as it was. So both sides say what they are
 * about to do before they look at what the other has said. It takes a server on which a finished write is seen by every
 * later request, listings included, as on Amazon S3 since December 2020.
 *
 * Every blob carries the time of its last put in its metadata: put by the clock of the one who puts, as `olderThan` is
 * by that of the one who removes. (The server's own time of an upload in parts is that of its beginning.)
 *
 * Removal:
 *   R1  looks at the time and leaves a fresh blob alone (spares the other steps);
 *   R2  announces itself: copies the blob to a trash name that no other process uses;
 *   R3  looks at the time again: if the blob is fresh or gone, it goes on with R6;
 *   R4  deletes the blob, with one request that is never repeated;
 *   R5  looks for a mark of its trash name; if there is one, it copies the bytes back, with the time of now;
 *   R6  deletes its trash name, and afterwards the mark.
 * Put:
 *   P1  writes the blob, or hashes the one that is there and gives it the time of now, or writes over damaged bytes; each
 *       of these replaces it as a whole;
 *   P2  lists the trash names of this blob;
 *   P3  marks each of them;
 *   P4  looks whether the blob is there: if so, the put is acknowledged, otherwise it begins again;
 *   P5  deletes the marks of removals that have ended meanwhile.
 *
 * Why no acknowledged put loses its bytes to a removal whose `olderThan` is not later than that put. Only R4 deletes.
 * An R4 before P1 does no harm, since P1 writes after it. For an R4 after P1:
 *   - R2 after P2: R3 comes after P1, finds the blob fresh or gone, and there is no R4.
 *   - R6 before P2: R4 came before P4, which finds the blob gone, or one that another put or a restore has written
 *     since; any later R4 is one of these three cases again.
 *   - R2 before P2 before R6: P2 lists the trash name. If P3 came before R5, the removal puts the bytes back; if it
 *     came after, P4 came after R4, as in the case above.
 *
 * Requests whose answer is lost may arrive late. Names in the trash are used once, so late copies and deletions there
 * harm nothing; a late P1 costs space. R4 alone is dangerous: after a lost answer the trash copy stays, and the sweep,
 * which comes after an hour, puts the bytes back, always, as it does for a removal that was killed. Until then readers
 * find them in the trash.
 */
export class S3Removal {
  constructor(
    private readonly requests: S3Requests,
    private readonly keys: S3Keys,
    /** Whether the stored bytes are right; also true for an object that is not there. */
    private readonly isIntact: (key: BlobKey) => Promise<boolean>,
  ) {}

  async removeIfUnusedSince(key: BlobKey, olderThan: Date): Promise<boolean> {
    const { requests } = this;
    const name = this.keys.blob(key);
    const isOld = async () => {
      const found = await requests.head(name);
      return found !== null && found.putAt.getTime() < olderThan.getTime() - TIMESTAMP_SLACK_MS;
    };
    if (!(await isOld())) return false;
    const announcedAt = performance.now();
    const trash = this.keys.newTrash(key);
    if (!(await requests.copy(name, trash, systemNow()))) return false;
    let removed = false;
    if (await isOld()) {
      if (performance.now() - announcedAt > REMOVAL_MS) throw tooLate();
      await requests.delete(name, { attempts: 1 });
      removed = (await requests.head(keepMark(trash))) === null;
      if (!removed) await this.#restore(trash, name);
    }
    await this.#dispose(trash);
    return removed;
  }

  /** P1 to P5: when it returns, the blob is there, with a time not before this call, and no removal can take it. */
  async keep(key: BlobKey, write: WriteBlob, { askFirst, signal }: KeepOptions): Promise<void> {
    const { requests } = this;
    const name = this.keys.blob(key);
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      signal?.throwIfAborted();
      const known = askFirst && (await requests.head(name)) !== null;
      const putAt = systemNow();
      const written =
        (!known && (await write(putAt, false))) || (!(await this.isIntact(key)) && (await write(putAt, true)));
      const prompt = written && systemNow() - putAt <= PROMPT_MS;
      if ((prompt || (await requests.copy(name, name, systemNow()))) && (await this.#isSafe(key))) return;
    }
    throw new DomainError('UNAVAILABLE', 'The blob was removed again and again while it was put.');
  }

  /** P2 to P5. False when the blob has been removed meanwhile: write it again, and come back. */
  async #isSafe(key: BlobKey): Promise<boolean> {
    const { requests } = this;
    const announced = await this.trashed(key);
    for (const trash of announced) {
      await requests.putEmpty(keepMark(trash));
    }
    const isThere = (await requests.head(this.keys.blob(key))) !== null;
    for (const trash of announced) {
      if ((await requests.head(trash)) === null) await requests.delete(keepMark(trash));
    }
    return isThere;
  }

  /** Names under which the bytes of a blob can be found while it is being removed. */
  async trashed(key: BlobKey): Promise<string[]> {
    return (await this.requests.listNames(this.keys.trashOf(key))).filter((name) => !isKeepMark(name));
  }

  /** Puts back what removals that began before `olderThan` left in the trash; returns how many. */
  async recover(olderThan: Date): Promise<number> {
    let recovered = 0;
    for await (const { name, modifiedAt } of this.requests.list(this.keys.trash)) {
      if (modifiedAt >= olderThan) continue;
      const key = this.keys.parseTrash(name);
      if (key === null) continue;
      if (isKeepMark(name)) {
        // Of a removal that is there no more: with one that is there, it goes below.
        if ((await this.requests.head(markedTrash(name))) === null) await this.requests.delete(name);
        continue;
      }
      const blob = this.keys.blob(key);
      if ((await this.requests.head(blob)) === null) await this.#restore(name, blob);
      await this.#dispose(name);
      recovered += 1;
    }
    return recovered;
  }

  async #restore(trash: string, name: string): Promise<void> {
    await this.requests.copy(trash, name, systemNow());
  }

  /** R6. The mark second: a put that finds the trash name gone removes its mark itself. */
  async #dispose(trash: string): Promise<void> {
    await this.requests.delete(trash);
    await this.requests.delete(keepMark(trash));
  }
}

function tooLate(): DomainError {
  return new DomainError('UNAVAILABLE', 'The removal of a blob took too long.');
}
