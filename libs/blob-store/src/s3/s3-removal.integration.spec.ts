import { afterAll, afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { startS3Server, type S3Server } from '@pentaprism/testing';
import type { S3BlobStore } from './s3-blob-store.js';
import { type RequestHook, S3Place } from './s3.fixture.js';

const MAX = { maxBytes: 100 };
const HOUR = 3_600_000;
const BYTES = Buffer.from('some bytes');
const ago = (ms: number) => new Date(Date.now() - ms);

const server = await startS3Server();
afterAll(async () => server?.stop());

(server ? describe : describe.skip)('S3BlobStore', () => {
  let place: S3Place;
  beforeEach(async () => {
    place = await S3Place.make(server as S3Server);
  });
  afterEach(() => place.close());
  const put = (store: S3BlobStore) => store.put('a', 'w', BYTES, MAX);
  const namesIn = async (area: 'blobs' | 'trash') =>
    (await place.names()).filter((name) => name.startsWith(place.keys[area]));
  /** A store with a blob that was last put an hour ago. */
  const withOldBlob = async () => {
    const plain = await place.open();
    const { key } = await put(plain);
    await place.age(key, ago(HOUR));
    return { plain, key };
  };

  describe('removal meets a put', () => {
    it.each([
      ['before it looks', 'HeadObject', 1, false],
      ['before it announces itself', 'CopyObject', 1, false],
      ['before it looks again', 'HeadObject', 2, false],
      ['before it deletes', 'DeleteObject', 1, false],
      ['before it looks for marks', 'HeadObject', 3, false],
      ['before it deletes its trash', 'DeleteObject', 2, true],
      ['before it deletes the mark', 'DeleteObject', 3, true],
    ])('%s: the bytes stay', async (_, command, nth, expected) => {
      const { plain, key } = await withOldBlob();
      let seen = 0;
      const removing = await place.open({
        hook: async (each) => {
          if (each === command && ++seen === nth) await put(plain);
        },
      });
      expect(await removing.removeIfUnusedSince(key, ago(HOUR / 2))).toBe(expected);
      expect(seen).toBeGreaterThanOrEqual(nth);
      expect(await plain.read(key)).toEqual(BYTES);
      expect(await namesIn('blobs')).toHaveLength(1);
      expect(await namesIn('trash')).toEqual([]);
      // And they were put just now.
      expect(await plain.removeIfUnusedSince(key, ago(HOUR / 2))).toBe(false);
    });

    it.each([
      ['before it writes', 'PutObject', 1],
      ['before it renews the time', 'CopyObject', 1],
      ['before it lists removals', 'ListObjectsV2', 1],
      ['before it looks whether the blob is there', 'HeadObject', 1],
    ])('which does all its work %s: the bytes stay', async (_, command, nth) => {
      const { plain, key } = await withOldBlob();
      let seen = 0;
      let removed: boolean | undefined;
      const putting = await place.open({
        hook: async (each) => {
          if (each === command && ++seen === nth) removed = await plain.removeIfUnusedSince(key, ago(HOUR / 2));
        },
      });
      await put(putting);
      expect(removed).toBeDefined();
      expect(await plain.read(key)).toEqual(BYTES);
      expect(await namesIn('trash')).toEqual([]);
    });

    it('and another removal: the put of one moment outlives both', async () => {
      const { plain, key } = await withOldBlob();
      let second: Promise<boolean> | undefined;
      // Both have found the blob old; the put comes between their deletions.
      const slow = await place.open({
        hook: async (each, name) => {
          if (each !== 'DeleteObject' || name !== place.keys.blob(key)) return;
          await second;
          await put(plain);
        },
      });
      const first = await place.open({
        hook: async (each, name) => {
          if (each !== 'DeleteObject' || name !== place.keys.blob(key)) return;
          second = plain.removeIfUnusedSince(key, ago(HOUR / 2));
          await second;
        },
      });
      const outcomes = await Promise.all([
        slow.removeIfUnusedSince(key, ago(HOUR / 2)),
        first.removeIfUnusedSince(key, ago(HOUR / 2)),
      ]);
      expect(outcomes).toContain(false);
      expect(await plain.read(key)).toEqual(BYTES);
      expect(await namesIn('trash')).toEqual([]);
    });

    it('and readers, who find the bytes while they are only in the trash', async () => {
      const { plain, key } = await withOldBlob();
      const seen: unknown[] = [];
      const removing = await place.open({
        hook: async (command, name) => {
          if (command !== 'HeadObject' || !name.endsWith('.keep')) return;
          seen.push(await namesIn('blobs'), await plain.read(key), (await plain.stat(key))?.size);
        },
      });
      expect(await removing.removeIfUnusedSince(key, ago(HOUR / 2))).toBe(true);
      expect(seen).toEqual([[], BYTES, BYTES.length]);
    });
  });

  describe('a process that is killed', () => {
    /** Stops for good before the n-th request, as a kill does; false when there were fewer. */
    const killedAt = async (
      nth: number,
      work: (store: S3BlobStore) => Promise<unknown>,
      meanwhile: RequestHook = () => undefined,
    ) => {
      let requests = Number.NEGATIVE_INFINITY;
      let killed: (killed: boolean) => void = () => undefined;
      const dead = new Promise<boolean>((resolve) => {
        killed = resolve;
      });
      const store = await place.open({
        hook: async (command, name) => {
          requests += 1;
          if (requests >= nth) {
            killed(true);
            await new Promise(() => undefined);
          }
          await meanwhile(command, name);
        },
      });
      requests = 0;
      return Promise.race([work(store).then(() => false), dead]);
    };

    it('at any request of a put leaves whole bytes or none', async () => {
      const plain = await place.open();
      let nth = 1;
      for (; await killedAt(nth, put); nth += 1) {
        for (const name of await place.names()) {
          expect(await plain.read(place.keys.parseBlob(name) ?? ({} as never))).toEqual(BYTES);
          await place.requests.delete(name);
        }
      }
      expect(nth).toBeGreaterThan(3);
    });

    it('at any request of a removal that meets a put leaves the bytes readable, and the sweep puts them back', async () => {
      let trashed = 0;
      for (let nth = 1; ; nth += 1) {
        const { plain, key } = await withOldBlob();
        // The put relies on what is there, and the removal deletes it afterwards.
        const meanwhile: RequestHook = async (command, name) => {
          if (command === 'DeleteObject' && name === place.keys.blob(key)) await put(plain);
        };
        const killed = await killedAt(nth, (store) => store.removeIfUnusedSince(key, ago(HOUR / 2)), meanwhile);
        trashed += (await namesIn('blobs')).length === 0 ? 1 : 0;
        expect(await plain.read(key)).toEqual(BYTES);
        await plain.sweepTemporary(ago(-HOUR));
        expect(await namesIn('trash')).toEqual([]);
        expect(await namesIn('blobs')).toEqual([place.keys.blob(key)]);
        if (!killed) {
          expect(nth).toBeGreaterThan(7);
          break;
        }
      }
      expect(trashed).toBeGreaterThan(0);
    });

    it('leaves a trashed blob that is swept back only when it is stale', async () => {
      const { plain, key } = await withOldBlob();
      expect(await killedAt(5, (store) => store.removeIfUnusedSince(key, ago(HOUR / 2)))).toBe(true);
      expect(await namesIn('blobs')).toEqual([]);
      expect(await plain.sweepTemporary(ago(HOUR))).toBe(0);
      expect(await plain.sweepTemporary(ago(-HOUR))).toBe(1);
      expect(await namesIn('blobs')).toEqual([place.keys.blob(key)]);
      expect((await plain.stat(key))?.modifiedAt.getTime()).toBeGreaterThan(ago(10_000).getTime());
    });
  });

  it('leaves the trash where it is when the answer to the deletion is lost, and tries no second time', async () => {
    const { plain, key } = await withOldBlob();
    let deletions = 0;
    const removing = await place.open({
      hook: (command, name) => {
        if (command !== 'DeleteObject' || name !== place.keys.blob(key)) return;
        deletions += 1;
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
      },
    });
    await expect(removing.removeIfUnusedSince(key, ago(HOUR / 2))).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(deletions).toBe(1);
    expect(await namesIn('trash')).toHaveLength(1);
    // The deletion arrives late.
    await place.requests.delete(place.keys.blob(key));
    expect(await plain.read(key)).toEqual(BYTES);
  });
});
