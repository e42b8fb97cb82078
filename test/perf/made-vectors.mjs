const CLUSTERS = 40;
const DIRECTIONS = 8;

/**
 * Vectors of length 1 without negative numbers, as the backbone's: clusters that spread in eight directions each, and noise.
 *
 * @param {number} count @param {number} size
 */
export function madeVectors(count, size) {
  const random = xorshift(1);
  const normal = () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const vector = (scale) => Float32Array.from({ length: size }, () => scale * normal());
  const clusters = Array.from({ length: CLUSTERS }, () => ({
    centre: vector(1).map((value) => Math.max(0, value)),
    directions: Array.from({ length: DIRECTIONS }, () => vector(0.25)),
  }));
  const vectors = new Float32Array(count * size);
  for (let row = 0; row < count; row++) {
    const { centre, directions } = clusters[row % CLUSTERS];
    const made = vectors.subarray(row * size, (row + 1) * size);
    made.set(centre);
    for (const direction of directions) {
      const factor = normal();
      for (let i = 0; i < size; i++) made[i] += factor * direction[i];
    }
    for (let i = 0; i < size; i++) made[i] = Math.max(0, made[i] + 0.2 * (random() - 0.5));
    const length = Math.hypot(...made);
    for (let i = 0; i < size; i++) made[i] /= length;
  }
  return vectors;
}

/** @param {number} state not 0 */
function xorshift(state) {
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
