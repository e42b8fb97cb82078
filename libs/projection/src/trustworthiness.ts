/**
 * Returns how far neighbours in the plane are neighbours of the vectors, too: 1 if all of them are, about 0.5 for random
 * positions (Venna and Kaski 2001; scikit-learn's function of this name). Takes time in proportion to the square of the
 * number of vectors.
 *
 * @param vectors row by row
 * @param positions pairs of numbers, in the order of the vectors
 * @param neighbours below half the number of vectors
 */
export function trustworthiness(vectors: Float32Array, positions: Float32Array, neighbours: number): number {
  const points = positions.length / 2;
  if (neighbours >= points / 2) throw new RangeError(`${neighbours} neighbours are too many for ${points} points.`);
  const size = vectors.length / points;
  let penalty = 0;
  for (let point = 0; point < points; point++) {
    const ranks = ranksOf(vectors, size, point);
    for (const neighbour of orderOf(positions, 2, point).slice(0, neighbours)) {
      penalty += Math.max(0, (ranks[neighbour] as number) - neighbours);
    }
  }
  return 1 - (2 * penalty) / (points * neighbours * (2 * points - 3 * neighbours - 1));
}

/** Returns the rank of each row by its distance from one row: 1 for the nearest. */
function ranksOf(rows: Float32Array, size: number, from: number): Uint32Array {
  const ranks = new Uint32Array(rows.length / size);
  orderOf(rows, size, from).forEach((row, index) => (ranks[row] = index + 1));
  return ranks;
}

/** Returns the other rows, nearest first. */
function orderOf(rows: Float32Array, size: number, from: number): Uint32Array {
  const count = rows.length / size;
  const distances = new Float64Array(count);
  for (let row = 0; row < count; row++) {
    let sum = 0;
    for (let i = 0; i < size; i++) sum += ((rows[row * size + i] as number) - (rows[from * size + i] as number)) ** 2;
    distances[row] = sum;
  }
  return Uint32Array.from({ length: count }, (_, row) => row)
    .filter((row) => row !== from)
    .sort((one, other) => (distances[one] as number) - (distances[other] as number));
}
