import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type ByteSource, fileSource, ReadAhead } from './byte-source.js';
import { bufferSource, image, signal } from './dataset.fixture.js';
import { openDataset } from './open-dataset.js';
import { zipOf } from './zip.fixture.js';

const bytes = Buffer.from(Array.from({ length: 1_000 }, (_, index) => index % 251));

describe('fileSource', () => {
  let directory: string;
  let source: ByteSource;
  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'datasets-'));
    await writeFile(path.join(directory, 'upload'), bytes);
    source = fileSource(path.join(directory, 'upload'), bytes.length);
  });
  afterAll(() => rm(directory, { recursive: true }));

  it('reads ranges, and fewer bytes at the end only', async () => {
    expect(await source.read(10, 5)).toEqual(bytes.subarray(10, 15));
    expect(await source.read(995, 100)).toEqual(bytes.subarray(995));
    expect(await source.read(2_000, 10)).toHaveLength(0);
  });

  it('streams ranges whose end is part of them', async () => {
    const read = async (start?: number, end?: number) =>
      Buffer.concat(await (await source.stream(start, end)).toArray());
    expect(await read()).toEqual(bytes);
    expect(await read(3, 7)).toEqual(bytes.subarray(3, 8));
    expect(await read(3, 2)).toHaveLength(0);
  });
});

describe('ReadAhead', () => {
  const counted = () => {
    const reads: [number, number][] = [];
    const inner = bufferSource(Buffer.alloc(20 * 1024 ** 2, 'x'));
    const read = (start: number, length: number) => {
      reads.push([start, length]);
      return inner.read(start, length);
    };
    return { reads, source: new ReadAhead({ ...inner, read }) };
  };

  it('reads a large part at once while reads follow each other', async () => {
    const { reads, source } = counted();
    for (let at = 0; at < 8 * 1024 ** 2; at += 8_192) expect(await source.read(at, 8_000)).toHaveLength(8_000);
    expect(reads.length).toBeLessThan(5);
  });

  it('reads no more than it is asked for in any other order', async () => {
    const { reads, source } = counted();
    for (let at = 10 * 1024 ** 2; at > 0; at -= 1024 ** 2) await source.read(at, 100);
    expect(reads.map(([, length]) => length)).toEqual(Array.from({ length: 10 }, () => 100));
  });
});

describe('a source that fails', () => {
  const failure = new Error('the store is away');
  /** Fails after some reads. */
  const failing = (upload: Buffer, reads: number): ByteSource => {
    const source = bufferSource(upload);
    let left = reads;
    const read = (start: number, length: number) => (left-- > 0 ? source.read(start, length) : Promise.reject(failure));
    return { ...source, read };
  };
  const archive = zipOf([
    { name: 'a/1.png', data: image('1') },
    { name: 'a/2.png', data: image('2') },
  ]);

  it('is no defect of the archive', async () => {
    // The first bytes, and the directory.
    for (const reads of [0, 1]) {
      await expect(openDataset(failing(archive, reads), { signal })).rejects.toBe(failure);
    }
  });

  it('is no defect of an image', async () => {
    const dataset = await openDataset(failing(archive, 2), { signal });
    const { columns } = await dataset.survey({ signal });
    await expect(dataset.rows(columns, { after: 0, signal }).next()).rejects.toBe(failure);
  });

  it('is no defect of a table', async () => {
    const source = bufferSource(Buffer.from('a,b\n1,2\n'));
    const stream = () => Promise.reject(failure);
    await expect(openDataset({ ...source, stream }, { signal })).rejects.toBe(failure);
  });

  it('is no defect of a table in an archive', async () => {
    const upload = zipOf([{ name: 't.csv', data: `a,b\n${'1,2\n'.repeat(1_000)}` }]);
    const source = bufferSource(upload);
    const stream = () => {
      const cut = new PassThrough();
      cut.write(upload.subarray(35, 40));
      setImmediate(() => cut.destroy(failure));
      return Promise.resolve(cut);
    };
    await expect(openDataset({ ...source, stream }, { signal })).rejects.toBe(failure);
  });

  it('is not asked after its signal has aborted', async () => {
    await expect(openDataset(failing(archive, 0), { signal: AbortSignal.abort(new Error('stop')) })).rejects.toThrow(
      'stop',
    );
  });
});
