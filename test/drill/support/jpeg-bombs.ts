import { wholeWithin } from '../drill.js';
import type { Random } from '@pentaprism/domain';
import type { Bomb } from './bomb.js';

const [BASELINE, PROGRESSIVE] = [0xc0, 0xc2];
/** Of 8 × 8 pixels. The picture is within all limits: 49 megapixels. */
const [BLOCKS_A_SIDE, SCANS] = [875, 800];

export function jpegBombs(random: Random): Bomb[] {
  // Baseline ones are reduced while they are decoded, and may be larger.
  const side = () => wholeWithin(random, 15_000, 65_500);
  const bomb = (name: string, width: number, height: number, kind: number, components: number): Bomb => ({
    name: `JPEG ${name}`,
    bytes: Buffer.concat([
      start(width, height, kind, components),
      scan(components, 0, 0, 0),
      Buffer.alloc(1000),
      end(),
    ]),
  });
  return [
    bomb('of 65,500²', 65_500, 65_500, BASELINE, 3),
    bomb('of 17,000²', 17_000, 17_000, BASELINE, 3),
    bomb('of 12,000², progressive', 12_000, 12_000, PROGRESSIVE, 3),
    bomb('of 10,000² and four inks, progressive', 10_000, 10_000, PROGRESSIVE, 4),
    bomb('of random size', side(), side(), BASELINE, 3),
    bomb('progressive', side(), side(), PROGRESSIVE, 3),
    bomb('of four inks', side(), side(), BASELINE, 4),
    bomb('of one row', wholeWithin(random, 30_001, 65_500), 1, BASELINE, 3),
    { name: `JPEG of ${SCANS} scans`, bytes: manyScans(1) },
    { name: `JPEG of ${SCANS} scans, in color`, bytes: manyScans(3) },
  ];
}

/** Every scan of a progressive picture walks all of its blocks again, and takes 60 bytes in the file. */
function manyScans(components: number): Buffer {
  const blocks = BLOCKS_A_SIDE ** 2;
  const pieces = [start(BLOCKS_A_SIDE * 8, BLOCKS_A_SIDE * 8, PROGRESSIVE, components)];
  // Each block's difference to the one before: none, by a code of one bit.
  pieces.push(scan(components, 0, 0, 13), bits('0'.repeat(blocks * components)));
  // "Nothing more in the next 32,767 blocks", until the end: a code of one bit, and 14 bits of the number.
  const nothing = bits(`0${'1'.repeat(14)}`.repeat(Math.ceil(blocks / 0x7fff)));
  for (let i = 0; i < SCANS; i++) pieces.push(scan(1, 1 + (i % 63), 1 + (i % 63), 13 - Math.floor(i / 63)), nothing);
  return Buffer.concat([...pieces, end()]);
}

function start(width: number, height: number, kind: number, components: number): Buffer {
  const frame = Buffer.alloc(6);
  frame.writeUInt8(8, 0);
  frame.writeUInt16BE(height, 1);
  frame.writeUInt16BE(width, 3);
  frame.writeUInt8(components, 5);
  const each = Array.from({ length: components }, (_, i) => [i + 1, 0x11, 0]).flat();
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, Buffer.from([0, ...Array<number>(64).fill(1)])),
    // One code of one bit in each table: category 0, and a run of blocks without anything.
    segment(0xc4, Buffer.from([0x00, 1, ...Array<number>(15).fill(0), 0x00])),
    segment(0xc4, Buffer.from([0x10, 1, ...Array<number>(15).fill(0), 0xe0])),
    segment(kind, Buffer.concat([frame, Buffer.from(each)])),
  ]);
}

/** @param shift bits of precision that are still missing after this scan */
function scan(components: number, from: number, to: number, shift: number): Buffer {
  const each = Array.from({ length: components }, (_, i) => [i + 1, 0]).flat();
  const before = from > 0 && shift < 13 ? shift + 1 : 0;
  return segment(0xda, Buffer.from([components, ...each, from, to, (before << 4) | shift]));
}

function segment(marker: number, data: Buffer): Buffer {
  const head = Buffer.from([0xff, marker, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
}

/** Filled up with ones, and with a zero after each byte that would look like a marker. */
function bits(text: string): Buffer {
  const padded = text.padEnd(Math.ceil(text.length / 8) * 8, '1');
  const bytes: number[] = [];
  for (let i = 0; i < padded.length; i += 8) {
    const byte = Number.parseInt(padded.slice(i, i + 8), 2);
    bytes.push(byte);
    if (byte === 0xff) bytes.push(0);
  }
  return Buffer.from(bytes);
}

function end(): Buffer {
  return Buffer.from([0xff, 0xd9]);
}
