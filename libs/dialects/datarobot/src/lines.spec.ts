import { describe, expect, it } from '@jest/globals';
import { Readable } from 'node:stream';
import { begun, linesOf } from './lines.js';

async function collected(...chunks: Uint8Array[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const part of linesOf(Readable.from(chunks))) lines.push(...part);
  return lines;
}

const bytes = (text: string) => Buffer.from(text);

describe('linesOf', () => {
  it('joins lines and characters that chunks divide', async () => {
    const all = bytes('é1\n2\n\u20283');
    for (let end = 0; end <= all.length; end++)
      expect(await collected(all.subarray(0, end), all.subarray(end))).toEqual(['é1', '2', '\u20283']);
  });

  it('returns no line after the last line break', async () => {
    expect(await collected(bytes('1\n'))).toEqual(['1']);
    expect(await collected()).toEqual([]);
  });
});

describe('begun', () => {
  it('returns all items, the first one too', async () => {
    const items: number[] = [];
    for await (const item of await begun(numbers())) items.push(item);
    expect(items).toEqual([1, 2]);
  });

  it('rejects with what fails before the first item', async () => {
    await expect(begun(failing())).rejects.toThrow('as told');
  });

  it('ends the generator if no item is taken', async () => {
    let isEnded = false;
    const items = await begun(numbers(() => (isEnded = true)));
    const stream = Readable.from(items);
    stream.destroy();
    await new Promise((resolve) => stream.once('close', resolve));
    expect(isEnded).toBe(true);
  });
});

async function* numbers(onEnd = () => {}) {
  try {
    yield 1;
    yield 2;
  } finally {
    onEnd();
  }
}

// eslint-disable-next-line require-yield
async function* failing(): AsyncGenerator<number, void> {
  throw new Error('as told');
}
