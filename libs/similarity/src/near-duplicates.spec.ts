import { describe, expect, it } from '@jest/globals';
import { parseHashes } from './hashes.js';
import { groupNearDuplicates, indexesWithNeighbours } from './near-duplicates.js';
import { noPause, randomHashes } from './searches.fixture.js';

const always = () => true;
const group = (texts: readonly string[], radius: number, confirm: (one: number, other: number) => boolean = always) =>
  groupNearDuplicates(parseHashes(texts), radius, confirm, noPause);

const ZERO = '0000000000000000';
const FAR = 'ffffffff00000000';

describe('groupNearDuplicates', () => {
  it('groups what is linked through others, with distances from the first image', async () => {
    const groups = await group([FAR, ZERO, '000000000000003f', '0000000000000007'], 3);
    expect(groups).toEqual([
      [
        { index: 1, distance: 0 },
        { index: 3, distance: 3 },
        { index: 2, distance: 6 },
      ],
    ]);
  });

  it('lists the largest group first, and of equal ones the one with the earliest image', async () => {
    const groups = await group(['f0f0f0f0f0f0f0f0', FAR, ZERO, FAR, ZERO, ZERO, 'f0f0f0f0f0f0f0f1'], 1);
    expect(groups.map((members) => members.map(({ index }) => index))).toEqual([
      [2, 4, 5],
      [0, 6],
      [1, 3],
    ]);
  });

  it('keeps images apart whose hashes are close and which are not confirmed', async () => {
    const parity = (one: number, other: number) => one % 2 === other % 2;
    const groups = await group([ZERO, ZERO, ZERO, ZERO, '0000000000000001', '0000000000000003'], 2, parity);
    expect(groups.map((members) => members.map(({ index }) => index).sort())).toEqual([
      [0, 2, 4],
      [1, 3, 5],
    ]);
  });

  it('groups pictures of one hash with few comparisons', async () => {
    let comparisons = 0;
    const groups = await group(
      Array.from({ length: 5000 }, () => ZERO),
      8,
      () => ++comparisons > 0,
    );
    expect(groups.map(({ length }) => length)).toEqual([5000]);
    expect(comparisons).toBe(4999);
  });

  it('compares a bounded number of pictures whose hash says nothing', async () => {
    let comparisons = 0;
    await group(
      Array.from({ length: 3000 }, () => ZERO),
      8,
      () => ++comparisons < 0,
    );
    expect(comparisons).toBeLessThanOrEqual(300_000);
  });

  it('groups identical images without comparing them, and what is linked to one of them', async () => {
    const compared: string[] = [];
    const confirm = (one: number, other: number) => {
      compared.push(`${one} ${other}`);
      return one === 0 && other === 2;
    };
    const groups = await groupNearDuplicates(parseHashes([ZERO, ZERO, ZERO, FAR]), 8, confirm, noPause, [[0, 1]]);
    expect(groups.map((members) => members.map(({ index }) => index))).toEqual([[0, 1, 2]]);
    expect(compared).toEqual(['0 2']);
  });

  it('finds no group among different images, and none among none', async () => {
    expect(await group([ZERO, FAR], 12)).toEqual([]);
    expect(await group([], 12)).toEqual([]);
  });
});

describe('indexesWithNeighbours', () => {
  it('returns the images that have an equal or a close hash', async () => {
    const hashes = parseHashes([ZERO, FAR, 'f0f0f0f0f0f0f0f0', FAR, '0000000000000011']);
    expect(await indexesWithNeighbours(hashes, 2, noPause)).toEqual([0, 1, 3, 4]);
    expect(await indexesWithNeighbours(hashes, 1, noPause)).toEqual([1, 3]);
  });

  it('returns every image of a group and no other one', async () => {
    const hashes = randomHashes(4000, 'neighbours', 3);
    const groups = await groupNearDuplicates(hashes, 10, always, noPause);
    const members = groups.flatMap((each) => each.map(({ index }) => index)).sort((a, b) => a - b);
    expect(members.length).toBeGreaterThan(700);
    expect(await indexesWithNeighbours(hashes, 10, noPause)).toEqual(members);
  });
});
