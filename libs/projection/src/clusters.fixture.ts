import { createRandom } from '@pentaprism/domain';

export interface ClusterOptions {
  readonly seed?: string;
  readonly points: number;
  readonly size: number;
  readonly clusters: number;
  /** Standard deviation along each of four directions of a cluster's own; its centre has numbers of deviation 1. */
  readonly spread?: number;
}

/** Returns vectors row by row, of clusters 0, 1, ... in turn, each of which is flat: four directions and a little noise. */
export function clusters({ seed = 'clusters', points, size, clusters, spread = 0.3 }: ClusterOptions): Float32Array {
  const random = createRandom(seed);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const vector = () => Float32Array.from({ length: size }, normal);
  const made = Array.from({ length: clusters }, () => ({
    centre: vector(),
    directions: Array.from({ length: 4 }, vector),
  }));
  const vectors = new Float32Array(points * size);
  for (let point = 0; point < points; point++) {
    const { centre, directions } = made[point % clusters] as (typeof made)[number];
    const factors = directions.map(() => spread * normal());
    for (let i = 0; i < size; i++) {
      const along = directions.reduce((sum, direction, index) => sum + at(direction, i) * at(factors, index), 0);
      vectors[point * size + i] = at(centre, i) + along + 0.05 * normal();
    }
  }
  return vectors;
}

/** Returns the part of the points whose nearest other point belongs to the same cluster. */
export function purity(positions: Float32Array, clusters: number): number {
  const points = positions.length / 2;
  let pure = 0;
  for (let point = 0; point < points; point++) {
    let [nearest, least] = [-1, Infinity];
    for (let other = 0; other < points; other++) {
      const distance = Math.hypot(
        at(positions, 2 * point) - at(positions, 2 * other),
        at(positions, 2 * point + 1) - at(positions, 2 * other + 1),
      );
      if (other !== point && distance < least) [nearest, least] = [other, distance];
    }
    pure += Number(nearest % clusters === point % clusters);
  }
  return pure / points;
}

function at(numbers: ArrayLike<number>, index: number): number {
  return numbers[index] as number;
}
