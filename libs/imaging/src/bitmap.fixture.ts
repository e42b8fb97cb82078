/** A writer of BMP files for tests: every kind that is decoded, and what its pixels are then. */

export interface BitmapKind {
  readonly width: number;
  readonly height: number;
  readonly bits: 1 | 4 | 8 | 16 | 24 | 32;
  /** Bytes of the DIB header. */
  readonly header?: 12 | 40 | 52 | 56 | 64 | 108 | 124;
  readonly topDown?: boolean;
  readonly rle?: boolean;
  /** Masks of red, green, blue and alpha. */
  readonly masks?: readonly [number, number, number, number];
  /** Bytes between the headers and the pixels that mean nothing. */
  readonly gap?: number;
}

export interface WrittenBitmap {
  readonly bytes: Buffer;
  /** What it shows: R, G, B, alpha; row by row from the top. */
  readonly rgba: Uint8Array;
}

/** Pixels of 5 or 6 bits, as most 16-bit files have them. */
export const MASKS_555 = [0x7c00, 0x03e0, 0x001f, 0] as const;
export const MASKS_565 = [0xf800, 0x07e0, 0x001f, 0] as const;
export const MASKS_4444 = [0x0f00, 0x00f0, 0x000f, 0xf000] as const;
export const MASKS_8888 = [0x00ff0000, 0x0000ff00, 0x000000ff, 0xff000000] as const;
export const MASKS_RGBX = [0xff000000, 0x00ff0000, 0x0000ff00, 0] as const;

/** @param random of values from 0 to 1; what the picture shows is up to it */
export function writeBitmap(kind: BitmapKind, random: () => number): WrittenBitmap {
  const { width, height, bits } = kind;
  const palette = bits > 8 ? [] : Array.from({ length: 1 << bits }, () => [byte(random), byte(random), byte(random)]);
  const values = Array.from({ length: width * height }, () => Math.floor(random() * 2 ** bits));
  // Runs of one value, so that both kinds of packets come up.
  for (let i = 1; i < values.length; i++) if (random() < 0.6) values[i] = values[i - 1] as number;
  const rgba = Uint8Array.from(values.flatMap((value) => colorOf(kind, value, palette)));
  const rows = Array.from({ length: height }, (_, y) => values.slice(y * width, (y + 1) * width));
  const stored = kind.topDown ? rows : rows.reverse();
  const data = kind.rle ? packRows(stored, bits === 4) : Buffer.concat(stored.map((row) => plainRow(row, bits)));
  return { bytes: assemble(kind, palette, data), rgba };
}

const byte = (random: () => number) => Math.floor(random() * 256);

function colorOf({ bits, masks }: BitmapKind, value: number, palette: readonly number[][]): number[] {
  if (bits <= 8) return [...(palette[value] as number[]), 255];
  if (bits >= 24 && masks === undefined) return [(value >>> 16) & 255, (value >>> 8) & 255, value & 255, 255];
  const [red, green, blue, alpha] = masks ?? MASKS_555;
  return [red, green, blue].map((mask) => channelOf(value, mask)).concat(alpha === 0 ? 255 : channelOf(value, alpha));
}

function channelOf(value: number, mask: number): number {
  const shift = 31 - Math.clz32(mask & -mask);
  return Math.round((((value & mask) >>> shift) * 255) / (mask >>> shift));
}

function plainRow(row: readonly number[], bits: number): Buffer {
  const bytes = Buffer.alloc(Math.floor((bits * row.length + 31) / 32) * 4);
  row.forEach((value, x) => {
    if (bits >= 8) bytes.writeUIntLE(value, (x * bits) / 8, bits / 8);
    else bytes[(x * bits) >> 3] = (bytes[(x * bits) >> 3] as number) | (value << (8 - bits - ((x * bits) & 7)));
  });
  return bytes;
}

/** Runs as such, and everything else literally, where that is allowed: from three pixels on. */
function packRows(rows: readonly (readonly number[])[], nibbles: boolean): Buffer {
  const out: number[] = [];
  for (const row of rows) {
    for (let at = 0; at < row.length;) {
      let end = at + 1;
      while (end < row.length && end - at < 255 && row[end] === row[at]) end += 1;
      const literal = row.slice(at, at + 5);
      if (end - at >= 3 || literal.length < 3) {
        const value = row[at] as number;
        out.push(end - at, nibbles ? value * 17 : value);
        at = end;
      } else {
        const packed = nibbles
          ? [0, 2, 4].flatMap((i) => (i < literal.length ? ((literal[i] ?? 0) << 4) | (literal[i + 1] ?? 0) : []))
          : literal;
        // Literal pixels end at an even byte.
        out.push(0, literal.length, ...packed, ...(packed.length % 2 === 1 ? [0] : []));
        at += literal.length;
      }
    }
    // End of the line.
    out.push(0, 0);
  }
  out.push(0, 1);
  return Buffer.from(out);
}

function assemble(kind: BitmapKind, palette: readonly number[][], data: Buffer): Buffer {
  const { width, height, bits, header = 40, topDown, rle, masks, gap = 0 } = kind;
  const dib = Buffer.alloc(header);
  dib.writeUInt32LE(header, 0);
  if (header === 12) {
    [width, height, 1, bits].forEach((value, i) => dib.writeUInt16LE(value, 4 + i * 2));
  } else {
    dib.writeInt32LE(width, 4);
    dib.writeInt32LE(topDown ? -height : height, 8);
    dib.writeUInt16LE(1, 12);
    dib.writeUInt16LE(bits, 14);
    dib.writeUInt32LE(masks ? 3 : rle ? (bits === 8 ? 1 : 2) : 0, 16);
    dib.writeUInt32LE(data.length, 20);
    dib.writeUInt32LE(palette.length, 32);
    masks?.forEach((mask, i) => 40 + i * 4 + 4 <= header && dib.writeUInt32LE(mask, 40 + i * 4));
  }
  const behind = Buffer.alloc(masks && header === 40 ? 12 : 0);
  if (behind.length > 0) masks?.slice(0, 3).forEach((mask, i) => behind.writeUInt32LE(mask, i * 4));
  const colors = Buffer.from(palette.flatMap(([r, g, b]) => [b, g, r, ...(header === 12 ? [] : [0])] as number[]));
  const start = Buffer.alloc(14);
  const dataAt = start.length + dib.length + behind.length + colors.length + gap;
  start.write('BM');
  start.writeUInt32LE(dataAt + data.length, 2);
  start.writeUInt32LE(dataAt, 10);
  return Buffer.concat([start, dib, behind, colors, Buffer.alloc(gap, 0xaa), data]);
}
