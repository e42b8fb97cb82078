import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import type { BlobKey } from './blob-key.js';
import type { BlobEntry } from './blob-store.js';
import { sweepUnknown } from './sweep-unknown.js';

const NOW = Date.now();
const BEFORE = new Date(NOW - 60_000);
const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');

/** Blobs in memory, by the texts that they hold. */
class Blobs {
  readonly entries = new Map<string, BlobEntry>();
  readonly areas: string[] = [];
  /** Called before each removal. */
  beforeRemoval: () => void = () => undefined;

  add(workspace: string, text: string, ageMs = 3_600_000): string {
    const sha256 = hashOf(text);
    const key = { area: 'samples', workspace, sha256 };
    this.entries.set(`${workspace}/${sha256}`, { key, size: 1, modifiedAt: new Date(NOW - ageMs) });
    return sha256;
  }

  async *list(area: string): AsyncGenerator<BlobEntry> {
    this.areas.push(area);
    yield* [...this.entries.values()];
  }

  async removeIfUnusedSince({ workspace, sha256 }: BlobKey, olderThan: Date): Promise<boolean> {
    this.beforeRemoval();
    const entry = this.entries.get(`${workspace}/${sha256}`);
    return entry !== undefined && entry.modifiedAt < olderThan && this.entries.delete(`${workspace}/${sha256}`);
  }

  has(workspace: string, text: string): boolean {
    return this.entries.has(`${workspace}/${hashOf(text)}`);
  }
}

const never = () => false;
const nothing = () => Promise.resolve(new Set<string>());

describe('sweepUnknown', () => {
  it('removes what is old and unknown, by workspace', async () => {
    const blobs = new Blobs();
    for (const workspace of ['one', 'two']) for (const text of ['kept', 'gone']) blobs.add(workspace, text);
    blobs.add('one', 'fresh', 59_000);
    const known = async (workspace: string, hashes: string[]) =>
      new Set(hashes.filter((hash) => hash === hashOf('kept') && workspace === 'one'));
    expect(await sweepUnknown(blobs, 'samples', BEFORE, known, never)).toBe(3);
    expect([...blobs.entries.keys()].sort()).toEqual(['kept', 'fresh'].map((text) => `one/${hashOf(text)}`).sort());
    expect(blobs.areas).toEqual(['samples']);
  });

  it('leaves bytes that were put again after they were listed, and does not count them', async () => {
    const blobs = new Blobs();
    blobs.add('one', 'again');
    const known = async () => {
      blobs.add('one', 'again', 0);
      return new Set<string>();
    };
    expect(await sweepUnknown(blobs, 'samples', BEFORE, known, never)).toBe(0);
    expect(blobs.has('one', 'again')).toBe(true);
  });

  it('asks for at most a hundred at a time, each once', async () => {
    const blobs = new Blobs();
    for (let n = 0; n < 250; n += 1) blobs.add(n % 2 ? 'one' : 'two', `${n}`);
    const asked: number[] = [];
    const hashes = new Set<string>();
    const known = async (workspace: string, batch: string[]) => {
      asked.push(batch.length);
      for (const hash of batch) hashes.add(`${workspace}/${hash}`);
      return new Set<string>();
    };
    expect(await sweepUnknown(blobs, 'samples', BEFORE, known, never)).toBe(250);
    expect(asked.sort((a, b) => b - a)).toEqual([100, 100, 25, 25]);
    expect(hashes.size).toBe(250);
  });

  it('stops where it is told to, also among the last ones', async () => {
    const blobs = new Blobs();
    for (let n = 0; n < 10; n += 1) blobs.add('one', `${n}`);
    let removals = 0;
    blobs.beforeRemoval = () => (removals += 1);
    expect(await sweepUnknown(blobs, 'samples', BEFORE, nothing, () => removals === 3)).toBe(3);
    expect(blobs.entries.size).toBe(7);
    expect(await sweepUnknown(blobs, 'samples', BEFORE, nothing, () => true)).toBe(0);
  });

  it('removes nothing when it cannot be told what is known', async () => {
    const blobs = new Blobs();
    blobs.add('one', 'unsure');
    const away = () => Promise.reject<Set<string>>(new Error('the database is away'));
    await expect(sweepUnknown(blobs, 'samples', BEFORE, away, never)).rejects.toThrow('away');
    expect(blobs.has('one', 'unsure')).toBe(true);
  });
});
