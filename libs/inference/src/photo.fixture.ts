import { readFile } from 'node:fs/promises';
import { createModelInput } from '@pentaprism/imaging';
import type { ActivationMap } from './activation-map.js';

const SIDE = 224;

/** A photo of `fixtures/`, as the default backbone wants it. */
export async function fixturePixels(name: 'coffee' | 'chelsea'): Promise<Uint8Array> {
  return (await createModelInput(await fixtureBytes(name), { width: SIDE, height: SIDE })).pixels;
}

export function fixtureBytes(name: 'coffee' | 'chelsea'): Promise<Buffer> {
  return readFile(new URL(`fixtures/${name}.jpg`, import.meta.url));
}

/** Two pictures side by side, as the default backbone wants them. */
export async function sideBySide(left: Uint8Array, right: Uint8Array): Promise<Uint8Array> {
  const half = { width: SIDE / 2, height: SIDE };
  const halves = [await createModelInput(left, half), await createModelInput(right, half)];
  const pixels = new Uint8Array(SIDE * SIDE * 3);
  const stride = half.width * 3;
  for (const [side, input] of halves.entries()) {
    for (let row = 0; row < SIDE; row++) {
      pixels.set(input.pixels.subarray(row * stride, (row + 1) * stride), (2 * row + side) * stride);
    }
  }
  return pixels;
}

/** The part of a map's mass that lies in its right half. A column in the middle belongs to both halves. */
export function rightShare({ columns, values }: ActivationMap): number {
  let [right, all] = [0, 0];
  for (const [place, value] of values.entries()) {
    const column = place % columns;
    right += value * Math.min(1, Math.max(0, column + 1 - columns / 2));
    all += value;
  }
  return right / all;
}

export function difference(one: Float32Array, other: Float32Array): Float32Array {
  return one.map((value, i) => value - (other[i] as number));
}
