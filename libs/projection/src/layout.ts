import type { Graph } from './fuzzy-graph.js';
import { ATTRACTION, indexOf, REPULSION } from './forces.js';

/** Epochs of umap-learn, by its number of points. */
const SMALL = { points: 10_000, epochs: 500 };
const EPOCHS = 200;
const NEGATIVE_SAMPLES = 5;
/** Farthest that one force moves a point along one axis while the learning rate is 1. */
const FARTHEST = 4;
/** Points that a thread takes at once. */
const CHUNK = 128;

/** Places in `control`. */
const NEXT_POINT = 0;
const ARRIVED = 1;
const EPOCH = 2;
const PLACES = 3;

/** A layout that threads compute together. All of it is shared memory. */
export interface Layout {
  readonly points: number;
  readonly epochs: number;
  /** 32 bits. */
  readonly seed: number;
  readonly offsets: Uint32Array;
  readonly targets: Uint32Array;
  /** Epochs between two uses of an edge. */
  readonly periods: Float32Array;
  /** Epoch of each edge's next use. */
  readonly nextUses: Float32Array;
  /** Pairs of numbers. Even epochs read the first array and write the second; odd ones the other way round. */
  readonly positions: readonly [Float32Array, Float32Array];
  readonly control: Int32Array;
}

/** @param start pairs of numbers */
export function createLayout(graph: Graph, start: Float32Array, seed: number): Layout {
  const points = start.length / 2;
  const epochs = points <= SMALL.points ? SMALL.epochs : EPOCHS;
  const { offsets, targets, periods } = schedule(graph, epochs);
  return {
    points,
    epochs,
    seed,
    offsets,
    targets,
    periods,
    nextUses: shared(Float32Array, periods),
    positions: [shared(Float32Array, start), shared(Float32Array, start)],
    control: shared(Int32Array, new Int32Array(PLACES)),
  };
}

/** The positions after the last epoch, in memory that is not shared. */
export function positionsOf({ positions, epochs }: Layout): Float32Array {
  return Float32Array.from(positions[epochs % 2 === 0 ? 0 : 1]);
}

/**
 * Uses an edge the more often the heavier it is, the heaviest one in every epoch. Edges that would not be used once are left
 * out.
 */
function schedule(graph: Graph, epochs: number): Pick<Layout, 'offsets' | 'targets' | 'periods'> {
  const heaviest = graph.weights.reduce((most, weight) => Math.max(most, weight), 0);
  const offsets = new Uint32Array(graph.offsets.length);
  const targets = new Uint32Array(graph.targets.length);
  const periods = new Float32Array(graph.targets.length);
  let end = 0;
  for (let point = 0; point + 1 < graph.offsets.length; point++) {
    for (let edge = graph.offsets[point] as number; edge < (graph.offsets[point + 1] as number); edge++) {
      const weight = graph.weights[edge] as number;
      if (weight < heaviest / epochs) continue;
      targets[end] = graph.targets[edge] as number;
      periods[end] = heaviest / weight;
      end++;
    }
    offsets[point + 1] = end;
  }
  return {
    offsets: shared(Uint32Array, offsets),
    targets: shared(Uint32Array, targets.subarray(0, end)),
    periods: shared(Float32Array, periods.subarray(0, end)),
  };
}

function shared<T extends Float32Array | Uint32Array | Int32Array>(
  type: { new (buffer: SharedArrayBuffer): T; readonly BYTES_PER_ELEMENT: number },
  values: T,
): T {
  const copy = new type(new SharedArrayBuffer(values.length * type.BYTES_PER_ELEMENT));
  copy.set(values);
  return copy;
}

/**
 * Takes part in the computation of a layout until its last epoch is over. Blocks the thread while others are busy.
 *
 * A point is moved by one thread per epoch, which reads the positions that all other points had after the previous epoch and
 * random numbers that depend on point and epoch alone. So neither the number of threads nor their speed changes the result.
 *
 * @param threads that take part
 * @param onEpoch called with the epochs that are over, by the thread that ends an epoch
 */
export function runLayout(layout: Layout, threads: number, onEpoch: (epochs: number) => void): void {
  const { control, points, epochs } = layout;
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (;;) {
      const first = Atomics.add(control, NEXT_POINT, CHUNK);
      if (first >= points) break;
      movePoints(layout, epoch, first, Math.min(points, first + CHUNK));
    }
    if (Atomics.add(control, ARRIVED, 1) + 1 === threads) {
      Atomics.store(control, ARRIVED, 0);
      Atomics.store(control, NEXT_POINT, 0);
      Atomics.store(control, EPOCH, epoch + 1);
      Atomics.notify(control, EPOCH);
      onEpoch(epoch + 1);
    } else {
      Atomics.wait(control, EPOCH, epoch);
    }
  }
}

/** Moves points from their positions after the previous epoch to those after this one. */
function movePoints(layout: Layout, epoch: number, first: number, end: number): void {
  for (let point = first; point < end; point++) movePoint(layout, epoch, point);
}

/** Pulls a point towards its neighbours whose turn it is, and pushes it away from random points for each of them. */
function movePoint(layout: Layout, epoch: number, point: number): void {
  const { offsets, targets, periods, nextUses, positions, points, seed } = layout;
  const from = positions[epoch % 2 === 0 ? 0 : 1];
  const to = positions[epoch % 2 === 0 ? 1 : 0];
  const rate = 1 - epoch / layout.epochs;
  const scale = points / 2 ** 32;
  const end = offsets[point + 1] as number;
  let x = from[2 * point] as number;
  let y = from[2 * point + 1] as number;
  let random = firstRandom(seed, point, epoch);
  for (let edge = offsets[point] as number; edge < end; edge++) {
    if ((nextUses[edge] as number) > epoch) continue;
    nextUses[edge] = (nextUses[edge] as number) + (periods[edge] as number);
    const target = targets[edge] as number;
    let dx = x - (from[2 * target] as number);
    let dy = y - (from[2 * target + 1] as number);
    // Twice, since the edge of the opposite direction is used in the same epoch and pulls this point, too.
    let force = ATTRACTION[indexOf(dx * dx + dy * dy)] as number;
    x += 2 * rate * clipped(force * dx);
    y += 2 * rate * clipped(force * dy);
    // All from the same place, so that the processor can compute the forces side by side.
    let pushX = 0;
    let pushY = 0;
    for (let sample = 0; sample < NEGATIVE_SAMPLES; sample++) {
      random = nextRandom(random);
      const other = ((random >>> 0) * scale) | 0;
      if (other === point) continue;
      dx = x - (from[2 * other] as number);
      dy = y - (from[2 * other + 1] as number);
      force = REPULSION[indexOf(dx * dx + dy * dy)] as number;
      pushX += clipped(force * dx);
      pushY += clipped(force * dy);
    }
    x += rate * pushX;
    y += rate * pushY;
  }
  to[2 * point] = x;
  to[2 * point + 1] = y;
}

function clipped(step: number): number {
  return step > FARTHEST ? FARTHEST : step < -FARTHEST ? -FARTHEST : step;
}

/** Mixes the bits of seed, point and epoch (the finaliser of MurmurHash3). Never 0, which xorshift cannot leave. */
function firstRandom(seed: number, point: number, epoch: number): number {
  let hash = seed ^ Math.imul(point + 1, 0x9e3779b1) ^ Math.imul(epoch + 1, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16) || 1;
}

/** xorshift32. */
function nextRandom(state: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  return state ^ (state << 5);
}
