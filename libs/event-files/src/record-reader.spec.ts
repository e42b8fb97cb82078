import { describe, expect, it } from '@jest/globals';
import { crc32c } from '@node-rs/crc32';
import { claim, inPieces, record, recordsIn } from './event-file.fixture.js';
import { maskedChecksum, RecordReader } from './record-reader.js';

const [FIRST, SECOND, THIRD] = ['one', '', 'three'].map((text) => Buffer.from(text)) as [Buffer, Buffer, Buffer];
const file = Buffer.concat([FIRST, SECOND, THIRD].map(record));
const endOfFirst = 16 + FIRST.length;
const endOfSecond = endOfFirst + 16;

const dataOf = (pieces: readonly Uint8Array[]): unknown[] =>
  recordsIn(pieces).map((item) => (item.kind === 'record' ? Buffer.from(item.data).toString() : item));

describe('RecordReader', () => {
  it('rotates and shifts a checksum as TFRecord does', () => {
    expect(maskedChecksum(crc32c('123456789'))).toBe(0xc78ab0e5);
  });

  it.each([1, 2, 3, 7, 12, 13, 1000])('finds each record and its end in pieces of %i bytes', (size) => {
    const items = recordsIn(inPieces(file, [size]));
    expect(items.map((item) => item.kind === 'record' && [Buffer.from(item.data).toString(), item.end])).toEqual([
      ['one', endOfFirst],
      ['', endOfSecond],
      ['three', file.length],
    ]);
  });

  it('goes on at the end of a record that an earlier reader has read', () => {
    const reader = new RecordReader(endOfFirst);
    expect(recordsIn([file.subarray(endOfFirst)], reader).map((item) => item.kind)).toEqual(['record', 'record']);
    expect(reader.offset).toBe(file.length);
  });

  it('keeps the offset of a record whose end has not arrived, and names the size that the file needs', () => {
    const reader = new RecordReader();
    expect(recordsIn([file.subarray(0, file.length - 1)], reader)).toHaveLength(2);
    expect(reader.offset).toBe(endOfSecond);
    expect(reader.awaitedEnd).toBe(file.length);
  });

  it('ends at a damaged length and at damaged data, and keeps what stands before', () => {
    for (const [at, part] of [
      [endOfSecond + 2, 'length'],
      [endOfSecond + 9, 'length'],
      [endOfSecond + 13, 'data'],
      [file.length - 1, 'data'],
    ] as const) {
      const damaged = Buffer.from(file);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      expect(dataOf([damaged, file])).toEqual(['one', '', { kind: 'damaged', at: endOfSecond, part }]);
    }
  });

  it('allocates nothing for a record that claims 1 TiB', () => {
    const reader = new RecordReader();
    const before = process.memoryUsage().arrayBuffers;
    expect(recordsIn([claim(2n ** 40n), Buffer.alloc(100)], reader)).toEqual([]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 20);
    expect(reader.awaitedEnd).toBe(2 ** 40 + 16);
  });

  it('reads past a length of 64 bits that no file can have', () => {
    const reader = new RecordReader();
    expect(recordsIn([claim(2n ** 64n - 1n), Buffer.alloc(100)], reader)).toEqual([]);
    expect(reader.offset).toBe(0);
  });

  it('leaves out a record above the limit after its checksum, and holds none of it', () => {
    const long = record(Buffer.alloc(5000, 7));
    for (const size of [1, 999, 10_000]) {
      const reader = new RecordReader(0, 100);
      const items = inPieces(Buffer.concat([long, record(FIRST)]), [size]).flatMap((piece) => [...reader.push(piece)]);
      expect(items).toEqual([
        { kind: 'too-long', length: 5000, end: long.length },
        { kind: 'record', data: new Uint8Array(FIRST), end: long.length + endOfFirst },
      ]);
    }
  });

  it('ends at a record above the limit whose checksum is wrong', () => {
    const long = record(Buffer.alloc(5000, 7));
    long[3000] = 8;
    expect(recordsIn([long, file], new RecordReader(0, 100))).toEqual([{ kind: 'damaged', at: 0, part: 'data' }]);
  });
});
