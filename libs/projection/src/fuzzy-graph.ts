import type { Neighbours } from './neighbours.js';

/** umap-learn's constants of its search for the width of each neighbourhood. */
const SEARCH_STEPS = 64;
const TOLERANCE = 1e-5;
const MIN_WIDTH = 1e-3;

/** A symmetric weighted graph. The edges of point i lie from offsets[i] to offsets[i + 1]. */
export interface Graph {
  readonly offsets: Uint32Array;
  readonly targets: Uint32Array;
  /** Above 0, at most 1. */
  readonly weights: Float32Array;
}

/**
 * Returns the fuzzy union of the neighbourhoods of all points, as umap-learn defines it for a local connectivity of 1: the
 * weight of a neighbour falls from 1 for the nearest one, with a width for each point such that the weights add up to
 * log2(count + 1).
 */
export function fuzzyGraph(neighbours: Neighbours): Graph {
  return union(neighbours, memberships(neighbours));
}

/** Returns the weight of each neighbour, row by row. */
function memberships({ count, indices, distances }: Neighbours): Float32Array {
  const points = indices.length / count;
  const weights = new Float32Array(indices.length);
  const meanOfAll = mean(distances, count + 1);
  for (let point = 0; point < points; point++) {
    const start = point * count;
    const row = distances.subarray(start, start + count);
    const nearest = row.find((distance) => distance > 0) ?? 0;
    const floor = MIN_WIDTH * (nearest > 0 ? mean(row, count + 1) : meanOfAll);
    const width = Math.max(floor, widthOf(row, nearest));
    for (let i = 0; i < count; i++) {
      if ((indices[start + i] as number) < 0) continue;
      const beyond = (row[i] as number) - nearest;
      weights[start + i] = beyond <= 0 || width === 0 ? 1 : Math.exp(-beyond / width);
    }
  }
  return weights;
}

/** Each row has the point itself at distance 0, too, which is not stored. */
function mean(distances: Float32Array, rowLength: number): number {
  const rows = distances.length / (rowLength - 1);
  return distances.reduce((sum, distance) => sum + distance, 0) / (rows * rowLength);
}

/** Searches the width for which the weights add up to log2 of the neighbours and the point itself. */
function widthOf(distances: Float32Array, nearest: number): number {
  const target = Math.log2(distances.length + 1);
  let [low, high, width] = [0, Infinity, 1];
  for (let step = 0; step < SEARCH_STEPS; step++) {
    let sum = 0;
    for (const distance of distances) sum += distance > nearest ? Math.exp((nearest - distance) / width) : 1;
    if (Math.abs(sum - target) < TOLERANCE) break;
    if (sum > target) {
      high = width;
      width = (low + high) / 2;
    } else {
      low = width;
      width = high === Infinity ? width * 2 : (low + high) / 2;
    }
  }
  return width;
}

/** Joins the weights of both directions: a + b - ab. */
function union({ count, indices }: Neighbours, weights: Float32Array): Graph {
  const points = indices.length / count;
  const reverse = reversed(count, indices);
  const targets = new Uint32Array(2 * indices.length);
  const joined = new Float32Array(2 * indices.length);
  const offsets = new Uint32Array(points + 1);
  /** Where the edge from the current point to another one lies, plus 1; only meaningful from the point's start on. */
  const placeOf = new Uint32Array(points);
  let end = 0;
  const add = (target: number, weight: number, start: number): void => {
    const place = (placeOf[target] as number) - 1;
    if (place >= start && targets[place] === target) {
      joined[place] = (joined[place] as number) + weight - (joined[place] as number) * weight;
      return;
    }
    targets[end] = target;
    joined[end] = weight;
    placeOf[target] = ++end;
  };
  for (let point = 0; point < points; point++) {
    const start = end;
    for (let i = point * count; i < (point + 1) * count; i++) {
      if ((indices[i] as number) >= 0) add(indices[i] as number, weights[i] as number, start);
    }
    for (let i = reverse.offsets[point] as number; i < (reverse.offsets[point + 1] as number); i++) {
      const place = reverse.places[i] as number;
      add(Math.floor(place / count), weights[place] as number, start);
    }
    offsets[point + 1] = end;
  }
  return { offsets, targets: targets.slice(0, end), weights: joined.slice(0, end) };
}

/** Returns the places in `indices` at which each point occurs. */
function reversed(count: number, indices: Int32Array): { offsets: Uint32Array; places: Uint32Array } {
  const points = indices.length / count;
  const offsets = new Uint32Array(points + 1);
  for (const target of indices) if (target >= 0) offsets[target + 1] = (offsets[target + 1] as number) + 1;
  for (let point = 0; point < points; point++) {
    offsets[point + 1] = (offsets[point + 1] as number) + (offsets[point] as number);
  }
  const next = offsets.slice();
  const places = new Uint32Array(offsets[points] as number);
  indices.forEach((target, place) => {
    if (target < 0) return;
    places[next[target] as number] = place;
    next[target] = (next[target] as number) + 1;
  });
  return { offsets, places };
}
