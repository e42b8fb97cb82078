import { crc32c } from '@node-rs/crc32';
import { randomBytes } from 'node:crypto';
import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { eventFile } from '../../libs/testing/dist/event-files.js';

/** The signature of a PNG, and the header of a picture of 64 × 64 pixels. */
const PNG_HEADER = Buffer.from('89504e470d0a1a0a0000000d4948445200000040000000400802000000250be689', 'hex');
const VERSION = { wallTime: 1_700_000_000, fileVersion: 'brain.Event:2' };
const FILE = 'events.out.tfevents.1700000000.bench';

/** Bytes that begin as a PNG. Nothing decodes them. @param {number} bytes */
export function anyImage(bytes) {
  return Buffer.concat([PNG_HEADER, randomBytes(bytes - PNG_HEADER.length)]);
}

/** An event of one image. @param {string} tag @param {number} step @param {Buffer} image */
export function imageEvent(tag, step, image) {
  const values = [{ tag, images: [image], width: 64, height: 64, plugin: 'images' }];
  return { wallTime: 1_700_000_000 + step, step, values };
}

/**
 * Writes a log directory of runs that each have the same tags and steps.
 * @param {string} directory
 * @param {{ runs: number, tags: number, steps: number, bytes: number }} sizes `bytes` of each image
 */
export function writeLogDirectory(directory, { runs, tags, steps, bytes }) {
  for (let run = 0; run < runs; run++) {
    const events = [];
    for (let step = 1; step <= steps; step++)
      for (let tag = 0; tag < tags; tag++) events.push(imageEvent(tagName(tag), step, anyImage(bytes)));
    writeRun(directory, runName(run), eventFile(VERSION, ...events));
  }
  return directory;
}

/** @param {number} run */
export const runName = (run) => `run-${String(run).padStart(4, '0')}`;
/** @param {number} tag */
export const tagName = (tag) => `tag/${String(tag).padStart(4, '0')}`;

/** @param {string} directory @param {string} run @param {Buffer} bytes @returns the path of the file */
export function writeRun(directory, run, bytes) {
  mkdirSync(path.join(directory, run), { recursive: true });
  const file = path.join(directory, run, FILE);
  writeFileSync(file, bytes);
  return file;
}

/** A file with graphs, which are not read, and an image behind them. It is sparse: it takes little space on a disk. */
export function writeSparseRun(directory, { graphs, bytes }) {
  mkdirSync(path.join(directory, 'sparse'), { recursive: true });
  const file = openSync(path.join(directory, 'sparse', FILE), 'w');
  const record = sparseRecord(bytes);
  let size = writeSync(file, eventFile(VERSION));
  for (let i = 0; i < graphs; i++) {
    writeSync(file, record.head, 0, record.head.length, size);
    size += record.head.length + bytes;
    writeSync(file, record.checksum, 0, 4, size);
    size += 4;
  }
  const last = eventFile(imageEvent(tagName(0), 1, anyImage(1000)));
  writeSync(file, last, 0, last.length, size);
  ftruncateSync(file, size + last.length);
  closeSync(file);
  return directory;
}

/** Returns what stands before and behind the zeros of an event whose graph consists of zeros. */
function sparseRecord(bytes) {
  const field = Buffer.concat([Buffer.from([4 * 8 + 2]), varint(bytes)]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(field.length + bytes));
  const zeros = Buffer.alloc(2 ** 20);
  let checksum = crc32c(field);
  for (let rest = bytes; rest > 0; rest -= zeros.length)
    checksum = crc32c(zeros.subarray(0, Math.min(rest, zeros.length)), checksum);
  return { head: Buffer.concat([length, masked(crc32c(length)), field]), checksum: masked(checksum) };
}

function varint(value) {
  const digits = [];
  for (let rest = value; rest > 0; rest = Math.floor(rest / 128)) digits.push((rest % 128) + (rest > 127 ? 128 : 0));
  return Buffer.from(digits);
}

function masked(checksum) {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE((((checksum >>> 15) | (checksum << 17)) + 0xa282ead8) >>> 0);
  return bytes;
}
