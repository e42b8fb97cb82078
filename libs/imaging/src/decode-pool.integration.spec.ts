import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { DomainError, resolveTransformations } from '@pentaprism/domain';
import { analyseImage } from './analyse-image.js';
import { augmentImages } from './augment-image.js';
import { createAugmentedInputs } from './augmented-inputs.js';
import { sharp } from './configured-sharp.js';
import { createDecodePool, type DecodePool, type DecodePoolOptions } from './decode-pool.js';
import { failureOf, photo, pixelsOf } from './fixtures.fixture.js';
import { createModelInput } from './model-input.js';
import { writePng16 } from './png.fixture.js';
import { renderOverlay } from './render-overlay.js';
import { renderRadiograph } from './render-radiograph.js';

const DIST = join(import.meta.dirname, '../dist');
const SLOW_OPTIONS = {
  transformations: resolveTransformations([{ name: 'noise' }]),
  probability: 1,
  seeds: Array.from({ length: 1000 }, (_, i) => `${i}`),
};

let directory: string;
let jpeg: Buffer;
let path: string;
let pool: DecodePool | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'imaging-'));
  jpeg = await pixelsOf(await photo('pool', 800, 600))
    .jpeg()
    .toBuffer();
  path = join(directory, 'photo');
  await writeFile(path, jpeg);
});
afterEach(async () => {
  await pool?.close();
  pool = undefined;
});
afterAll(() => rm(directory, { recursive: true }));

const start = (options: DecodePoolOptions = {}): DecodePool => (pool = createDecodePool({ size: 1, ...options }));

/** Processes that this one started, by what Linux says of them. */
async function children(of: number = process.pid): Promise<number[]> {
  const lists = await readFile(`/proc/${of}/task/${of}/children`, 'utf8');
  const found: number[] = [];
  for (const pid of lists.split(' ').filter(Boolean).map(Number)) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.includes('decode-process.js')) found.push(pid);
  }
  return found;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 15_000; Date.now() < end; await sleep(20)) if (await condition()) return;
  throw new Error('It did not come true within 15 s.');
}

describe('results', () => {
  it('are those of the functions, for bytes and for a path', async () => {
    const expected = await analyseImage(jpeg);
    const { analyse } = start();
    for (const source of [{ bytes: jpeg }, { bytes: new Uint8Array(jpeg) }, { path }]) {
      const analysis = await analyse(source);
      expect({ ...analysis, thumbnail: null }).toEqual({ ...expected, thumbnail: null });
      expect(Buffer.isBuffer(analysis.thumbnail.bytes)).toBe(true);
      expect(analysis.thumbnail.bytes.equals(expected.thumbnail.bytes)).toBe(true);
    }
  });

  it('of augmentation for a network are the same pixels', async () => {
    const transformations = resolveTransformations([{ name: 'rotation' }, { name: 'cutout' }]);
    const options = { transformations, probability: 1, seeds: ['a', 'b'], width: 60, height: 40 };
    const inputs = await start().augmentedInputs({ path }, options);
    expect(inputs.map((pixels) => Buffer.from(pixels))).toEqual(await createAugmentedInputs(jpeg, options));
  });

  it('of augmentation are the same bytes, on whatever process', async () => {
    const names = ['rotation', 'blur', 'noise', 'cutout'];
    const transformations = resolveTransformations(names.map((name) => ({ name })));
    const options = { transformations, probability: 1, seeds: ['a', 'b'] };
    const expected = await augmentImages(jpeg, options);
    const { augment } = start({ size: 2 });
    for (const images of await Promise.all([augment({ path }, options), augment({ bytes: jpeg }, options)])) {
      expect(images.map(({ applied }) => applied)).toEqual(expected.map(({ applied }) => applied));
      images.forEach((image, i) => expect(image.bytes.equals(expected[i]?.bytes as Buffer)).toBe(true));
    }
  });

  it('of a radiograph are those of the function, on whatever process', async () => {
    const values = Uint16Array.from({ length: 120 * 90 }, (_, i) => (i * 37) % 4096);
    const png = writePng16({ width: 120, height: 90, values });
    const radiograph = join(directory, 'radiograph');
    await writeFile(radiograph, png);
    const { renderRadiograph: render } = start({ size: 2 });
    for (const lut of [null, { gamma: 2.3, slope: 65_535, offset: 0, totalGrays: 4096 }]) {
      const expected = await renderRadiograph(png, lut);
      for (const found of await Promise.all([render({ path: radiograph }, lut), render({ bytes: png }, lut)])) {
        expect(found.content.mediaType).toBe('image/png');
        expect(found.content.bytes.equals(expected.content.bytes)).toBe(true);
        expect(found.analysis).toEqual(expected.analysis);
      }
    }
    expect(await failureOf(render({ path }, null))).toMatchObject({
      code: 'UNDECODABLE_IMAGE',
      reason: 'unknown_format',
    });
  });

  it('of a model input are those of the function', async () => {
    const options = { width: 32, height: 32 };
    const expected = await createModelInput(jpeg, options);
    const { modelInput } = start({ size: 2 });
    for (const input of await Promise.all([modelInput({ path }, options), modelInput({ bytes: jpeg }, options)])) {
      expect(Buffer.compare(input.pixels, expected.pixels)).toBe(0);
      expect(input.original).toEqual({ width: 800, height: 600 });
    }
  });

  it('of an overlay are the bytes of the function, on any process', async () => {
    const map = { rows: 2, columns: 3, values: Uint8Array.of(0, 20, 40, 80, 160, 255) };
    const expected = await renderOverlay(jpeg, map);
    const { renderOverlay: render } = start({ size: 2 });
    for (const { bytes, ...rest } of await Promise.all([render({ path }, map), render({ bytes: jpeg }, map)])) {
      expect(rest).toEqual({ mediaType: 'image/jpeg', width: 800, height: 600 });
      expect(bytes.equals(expected.bytes)).toBe(true);
    }
    expect(await failureOf(render({ bytes: jpeg.subarray(0, 5000) }, map))).toMatchObject({
      code: 'UNDECODABLE_IMAGE',
      reason: 'cut_off',
    });
  });

  it('that are errors keep their code, message and details', async () => {
    const { analyse } = start();
    const error = await analyse({ bytes: jpeg.subarray(0, 5000) }).catch((caught: unknown) => caught);
    expect(DomainError.is(error, 'UNDECODABLE_IMAGE')).toBe(true);
    expect(error).toMatchObject({
      message: expect.stringMatching(/^The file is cut off/),
      details: { reason: 'cut_off' },
    });
    expect(await failureOf(analyse({ path: join(directory, 'missing') }))).toMatchObject({ code: 'INTERNAL' });
    // And the process goes on.
    expect(await analyse({ path })).toMatchObject({ width: 800 });
    expect(await children()).toHaveLength(1);
  });
});

describe('a process', () => {
  it('starts when there is work, at most `size` of them, and ends when idle', async () => {
    const { analyse } = start({ size: 2, idleMs: 100 });
    expect(await children()).toHaveLength(0);
    await Promise.all(Array.from({ length: 6 }, () => analyse({ path })));
    expect(await children()).toHaveLength(2);
    await until(async () => (await children()).length === 0);
    expect(await analyse({ path })).toMatchObject({ width: 800 });
  });

  it('is replaced after some tasks', async () => {
    const { analyse } = start({ tasksPerProcess: 2 });
    const seen = new Set<number>();
    for (let i = 0; i < 4; i++) {
      const running = analyse({ path });
      for (const pid of await children()) seen.add(pid);
      await running;
    }
    expect(seen.size).toBeGreaterThanOrEqual(2);
  });

  it('that is killed at work fails its own task only, in a way that may be tried again', async () => {
    const { analyse, augment } = start({ size: 2 });
    const lost = failureOf(augment({ path }, SLOW_OPTIONS));
    const [victim] = await children();
    const others = Promise.all(Array.from({ length: 5 }, () => analyse({ path })));
    process.kill(victim as number, 'SIGKILL');
    expect(await lost).toEqual({ code: 'INTERNAL', message: 'The decode process was lost.', reason: undefined });
    expect(await others).toHaveLength(5);
  });

  it('that is killed while idle fails nothing', async () => {
    const { analyse } = start();
    await analyse({ path });
    process.kill((await children())[0] as number, 'SIGKILL');
    await until(async () => (await children()).length === 0);
    expect(await analyse({ path })).toMatchObject({ width: 800 });
  });

  it('that takes too long is ended, and says so', async () => {
    const { analyse, augment } = start({ timeoutMs: 4000 });
    expect(await failureOf(augment({ path }, SLOW_OPTIONS))).toEqual({
      code: 'UNDECODABLE_IMAGE',
      message: 'Decoding it takes longer than 4 s.',
      reason: 'too_slow',
    });
    await until(async () => (await children()).length === 0);
    expect(await analyse({ path })).toMatchObject({ width: 800 });
  });

  it('that takes too much memory is ended, and says so', async () => {
    // An interlaced PNG is held whole while it is decoded: 6,000 × 6,000 × 3 bytes.
    const blank = sharp({ create: { width: 6000, height: 6000, channels: 3, background: '#abc' } });
    const png = await blank.png({ progressive: true, compressionLevel: 1 }).toBuffer();
    const { analyse } = start({ memoryBytes: 110 * 1024 ** 2 });
    expect(await failureOf(analyse({ bytes: png }))).toEqual({
      code: 'UNDECODABLE_IMAGE',
      message: 'Decoding it takes more than 0.11 GiB of memory.',
      reason: 'too_much_memory',
    });
  });

  it('that cannot start fails its task', async () => {
    const { analyse } = start({ entry: join(directory, 'missing.js') });
    expect(await failureOf(analyse({ path }))).toMatchObject({ code: 'INTERNAL' });
  });

  it('inherits no environment and goes on after SIGINT and SIGTERM', async () => {
    const { analyse, augment } = start();
    await analyse({ path });
    const [pid] = await children();
    expect(await readFile(`/proc/${pid}/environ`, 'utf8')).not.toContain('HOME=');
    const running = augment({ path }, { ...SLOW_OPTIONS, seeds: ['a', 'b', 'c'] });
    process.kill(pid as number, 'SIGINT');
    process.kill(pid as number, 'SIGTERM');
    expect(await running).toHaveLength(3);
  });
});

describe('the end', () => {
  it('lets running tasks finish and refuses the others', async () => {
    const own = start();
    const running = own.augment({ path }, { ...SLOW_OPTIONS, seeds: ['a', 'b'] });
    const waiting = failureOf(own.analyse({ path }));
    await own.close();
    expect(await running).toHaveLength(2);
    expect(await waiting).toMatchObject({ code: 'UNAVAILABLE' });
    expect(await failureOf(own.analyse({ path }))).toMatchObject({ code: 'UNAVAILABLE' });
    expect(await children()).toHaveLength(0);
  });

  const program = (after: string) => `
    const { createDecodePool } = await import(${JSON.stringify(join(DIST, 'index.js'))});
    await createDecodePool({ size: 1 }).analyse({ path: ${JSON.stringify(path)} });
    ${after}`;

  it('comes by itself where a program forgets to close the pool', async () => {
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program('')], { stdio: 'ignore' });
    expect(await once(parent, 'exit')).toEqual([0, null]);
  });

  it('comes with the parent, even one that was killed', async () => {
    const parent = spawn(process.execPath, ['--input-type=module', '-e', program('setInterval(() => {}, 1000);')], {
      stdio: 'ignore',
    });
    await until(async () => (await children(parent.pid)).length === 1);
    const [pid] = await children(parent.pid);
    parent.kill('SIGKILL');
    await until(async () =>
      readFile(`/proc/${pid}/stat`, 'utf8').then(
        (stat) => stat.includes(') Z '),
        () => true,
      ),
    );
  });
});
