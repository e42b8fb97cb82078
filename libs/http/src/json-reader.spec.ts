import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { JsonReader, LiftedText } from './json-reader.js';

function read(text: string, chunkSize = text.length) {
  const reader = new JsonReader(1_000_000, ['data']);
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += chunkSize) reader.write(bytes.subarray(at, at + chunkSize));
  return { reader, value: reader.restore(JSON.parse(reader.end())) as { data: unknown; after: unknown } };
}

describe('JsonReader', () => {
  it('reads long strings with backslashes and quotes, wherever the chunks are cut', () => {
    const strings = fc.string({ unit: fc.constantFrom('\\', '"', 'a', '\n', 'é', ' '), maxLength: 40 });
    fc.assert(
      fc.property(strings, strings, fc.integer({ min: 1, max: 50 }), (data, after, chunkSize) => {
        const long = data + 'A'.repeat(5000) + data;
        const { value } = read(JSON.stringify({ data: long, after }), chunkSize);
        expect((value.data as LiftedText).take()).toBe(long);
        expect(value.after).toBe(after);
      }),
    );
  });

  it('keeps one piece per chunk, however many quotes are escaped in it', () => {
    const subarray = jest.spyOn(Buffer.prototype, 'subarray');
    const chunk = Buffer.from('\\"'.repeat(8192));
    const reader = new JsonReader(1_000_000, ['data']);
    reader.write(Buffer.from('{"data":"'));
    subarray.mockClear();
    for (let i = 0; i < 100; i++) reader.write(chunk);
    expect(subarray).toHaveBeenCalledTimes(100);
    subarray.mockRestore();
  });

  it.each([
    ['A'.repeat(5000), 0],
    [`\n${'A'.repeat(5000)}`, 5002],
    ['A B '.repeat(2000), 8000],
  ])('charges more for a string that is decoded as a whole (case %#)', (data, bytes) => {
    const plain = read(JSON.stringify({ data: 'A'.repeat(5000) })).reader.cost(10_000, 2);
    expect(read(JSON.stringify({ data })).reader.cost(10_000, 2) - plain).toBe(4 * bytes);
  });
});
