import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inPieces, record, recordsIn } from './event-file.fixture.js';

const contents = fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 12 });
const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1, maxLength: 8 });

const textOf = (pieces: readonly Uint8Array[]): string[] =>
  recordsIn(pieces).map((item) => (item.kind === 'record' ? Buffer.from(item.data).toString('hex') : item.kind));

/** Returns how many records end at or before an offset. */
function wholeBefore(files: readonly Uint8Array[], offset: number): number {
  let end = 0;
  return files.filter((data) => (end += data.length + 16) <= offset).length;
}

describe('RecordReader, for any file', () => {
  it('finds the same records however the file is cut into pieces', () => {
    fc.assert(
      fc.property(contents, sizes, (records, pieces) => {
        const file = Buffer.concat(records.map(record));
        expect(textOf(inPieces(file, pieces))).toEqual(records.map((data) => Buffer.from(data).toString('hex')));
      }),
    );
  });

  it('finds exactly the whole records of a file that is cut off', () => {
    fc.assert(
      fc.property(contents, fc.nat(), sizes, (records, position, pieces) => {
        const file = Buffer.concat(records.map(record));
        const cut = position % (file.length + 1);
        expect(textOf(inPieces(file.subarray(0, cut), pieces))).toHaveLength(wholeBefore(records, cut));
      }),
    );
  });

  it('finds exactly the records before a flipped bit, and stops', () => {
    fc.assert(
      fc.property(contents, fc.nat(), fc.integer({ min: 0, max: 7 }), sizes, (records, position, bit, pieces) => {
        fc.pre(records.length > 0);
        const file = Buffer.concat(records.map(record));
        const at = position % file.length;
        file[at] = (file[at] ?? 0) ^ (1 << bit);
        const before = records.slice(0, wholeBefore(records, at)).map((data) => Buffer.from(data).toString('hex'));
        expect(textOf(inPieces(file, pieces))).toEqual([...before, 'damaged']);
      }),
    );
  });
});
