import { describe, expect, it, jest } from '@jest/globals';
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { Types } from 'mongoose';
import { createLogger } from '@pentaprism/observability';
import { CompactImages } from './compact-images.usecase.js';

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const BYTES = Buffer.from('damaged picture');

/** An event whose image is a part of `BYTES`. */
function eventOf(offset: number, length: number, sha256 = sha256Of(BYTES.subarray(offset, offset + length))) {
  const images = [{ offset, length, sha256, mediaType: 'image/png' }];
  return { _id: new Types.ObjectId(), workspace: 'w', blob: { sha256: 'old', size: 100 }, images };
}

describe('CompactImages', () => {
  it('moves the events behind those whose images are damaged', async () => {
    const events = [eventOf(0, 7, sha256Of(Buffer.from('another'))), eventOf(8, 7)];
    const move = jest.fn((_workspace: string, _moved: { id: Types.ObjectId }[]) => Promise.resolve());
    const findIn = (_workspace: string, _hashes: string[], after: Types.ObjectId | null) =>
      Promise.resolve(events.slice(events.findIndex(({ _id }) => after?.equals(_id)) + 1).slice(0, 1));
    const records = { liveBytes: () => Promise.resolve(new Map([['old', 14]])), findIn, move };
    const stored: Buffer[] = [];
    const blobs = {
      list: () => Readable.from([{ key: { workspace: 'w', sha256: 'old' }, size: 100, modifiedAt: new Date(0) }]),
      open: (_key: object, { start, end }: { start: number; end: number }) =>
        Promise.resolve(Readable.from([BYTES.subarray(start, end + 1)])),
      put: async (_area: string, _workspace: string, bytes: AsyncIterable<Buffer>) => {
        for await (const piece of bytes) stored.push(piece);
        return { sha256: 'new', size: 7 };
      },
    };
    const bus = { connection: { publish: jest.fn() } };
    const parameters = [records, bus, blobs, createLogger('test', 'silent')] as unknown;
    const compaction = new CompactImages(...(parameters as ConstructorParameters<typeof CompactImages>));
    expect(await compaction.compact(new Date(), () => false)).toBe(1);
    expect(move.mock.calls.map(([, moved]) => moved.map(({ id }) => id))).toEqual([[events[1]?._id]]);
    expect(Buffer.concat(stored).toString()).toBe('picture');
  });
});
