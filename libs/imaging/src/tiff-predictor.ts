import type { TiffHeader } from './tiff-header.js';

/** What a predictor is undone on: whole numbers, whose sums wrap around as their type does. */
type WholeNumbers = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;

/** Each sample was stored as its difference to the same one of the pixel before, within its row of its tile. In place. */
export function undoDifferences(numbers: WholeNumbers, header: TiffHeader, samples: number): void {
  const columns = header.width * samples;
  const tile = (header.tileWidth ?? header.width) * samples;
  for (let y = 0; y < header.height; y++) {
    for (let from = 0; from < columns; from += tile) {
      addUp(numbers, y * columns + from, Math.min(tile, columns - from), samples);
    }
  }
}

function addUp(numbers: WholeNumbers, start: number, length: number, step: number): void {
  for (let at = start + step; at < start + length; at++) {
    numbers[at] = (numbers[at] as number) + (numbers[at - step] as number);
  }
}

/** Samples of a row that predictor 3 was applied to: all of its tiles, also beyond the picture's edge. */
export function samplesOfRow(header: TiffHeader, samples: number): number {
  const tile = header.tileWidth ?? header.width;
  return Math.ceil(header.width / tile) * tile * samples;
}

/**
 * Puts the bytes of floating point numbers together. Of each row of each tile, the highest bytes of all samples came first,
 * then the next lower ones, and each as its difference to the same band's before.
 *
 * Source: Adobe Photoshop TIFF Technical Note 3.
 *
 * @param bytes rows of `samplesOfRow`; changed
 * @returns little-endian, without what is beyond the edge
 */
export function undoFloatingPoint(bytes: Buffer, header: TiffHeader, samples: number): Buffer<ArrayBuffer> {
  const size = header.bitsPerSample / 8;
  const [columns, stored] = [header.width * samples, samplesOfRow(header, samples)];
  const tile = (header.tileWidth ?? header.width) * samples;
  const result = Buffer.alloc(columns * header.height * size);
  for (let y = 0; y < header.height; y++) {
    for (let from = 0; from < stored; from += tile) {
      const start = (y * stored + from) * size;
      addUp(bytes, start, tile * size, samples);
      for (let i = 0; i < Math.min(tile, columns - from); i++) {
        const to = (y * columns + from + i) * size;
        for (let k = 0; k < size; k++) result[to + size - 1 - k] = bytes[start + k * tile + i] as number;
      }
    }
  }
  return result;
}
