import { describe, expect, it } from '@jest/globals';
import { MAX_MAPPED_IMAGES, sampledImages, type SampleCandidate } from './sampled-images.js';

const imagesOf = (group: string, count: number): SampleCandidate[] =>
  Array.from({ length: count }, (_, i) => ({ key: `${group}-${i}`, groups: [group] }));

function countsOf(sample: readonly SampleCandidate[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { groups } of sample) for (const group of groups) counts[group] = (counts[group] ?? 0) + 1;
  return counts;
}

describe('sampledImages', () => {
  it('returns every image where there are at most as many as the limit', () => {
    const images = [...imagesOf('a', 300), ...imagesOf('b', 200)];
    const sample = sampledImages(images);
    expect(new Set(sample)).toEqual(new Set(images));
    expect(sample).toHaveLength(MAX_MAPPED_IMAGES);
  });

  it('draws 500 images, equally many of each class', () => {
    const images = ['a', 'b', 'c', 'd'].flatMap((group) => imagesOf(group, 1000));
    expect(countsOf(sampledImages(images))).toEqual({ a: 125, b: 125, c: 125, d: 125 });
  });

  it('draws every image of a small class, and shares the rest equally among the others', () => {
    const images = [...imagesOf('rare', 1), ...imagesOf('few', 40), ...imagesOf('b', 5000), ...imagesOf('c', 900)];
    const { rare, few, b = 0, c = 0 } = countsOf(sampledImages(images));
    expect([rare, few]).toEqual([1, 40]);
    expect(b + c).toBe(459);
    expect(Math.abs(b - c)).toBe(1);
  });

  it('draws one image of each class where there are as many classes as images to draw', () => {
    const images = Array.from({ length: 20 }, (_, i) => imagesOf(`class ${i}`, 1 + i * 50)).flat();
    const counts = countsOf(sampledImages(images, 20));
    expect(Object.values(counts)).toEqual(Array(20).fill(1));
  });

  it('stays within the limit where there are more classes', () => {
    const images = Array.from({ length: 1000 }, (_, i) => imagesOf(`class ${i}`, 2)).flat();
    const counts = countsOf(sampledImages(images));
    expect(Object.values(counts)).toEqual(Array(500).fill(1));
  });

  it('returns the same sample for the same images in another order', () => {
    const images = ['a', 'b', 'c'].flatMap((group) => imagesOf(group, 400));
    const other = images.map((image) => ({ ...image })).sort((one, two) => two.key.localeCompare(one.key));
    expect(sampledImages(other)).toEqual(sampledImages(images));
  });

  it('does not take the first images that it is given', () => {
    const sample = sampledImages(imagesOf('a', 10_000), 100);
    const places = sample.map(({ key }) => Number(key.slice(2)));
    const mean = places.reduce((sum, place) => sum + place, 0) / places.length;
    expect(mean).toBeGreaterThan(4000);
    expect(mean).toBeLessThan(6000);
  });

  it('shows every class at its beginning', () => {
    const images = ['a', 'b', 'c', 'd', 'e'].flatMap((group) => imagesOf(group, 50));
    const beginning = sampledImages(images).slice(0, 5);
    expect(new Set(beginning.flatMap(({ groups }) => groups)).size).toBe(5);
  });

  it('counts an image of several labels for each of them, and draws it once', () => {
    const both = Array.from({ length: 50 }, (_, i) => ({ key: `both-${i}`, groups: ['a', 'b'] }));
    const sample = sampledImages([...both, ...imagesOf('a', 50), ...imagesOf('c', 50)], 30);
    expect(new Set(sample.map(({ key }) => key)).size).toBe(30);
    const { a = 0, b = 0, c = 0 } = countsOf(sample);
    expect(Math.max(a, b, c) - Math.min(a, b, c)).toBeLessThanOrEqual(1);
  });

  it('leaves out images of no group, and repeated ones', () => {
    const [image] = imagesOf('a', 1) as [SampleCandidate];
    expect(sampledImages([{ key: 'none', groups: [] }, image, { ...image }])).toEqual([image]);
    expect(sampledImages([])).toEqual([]);
  });
});
