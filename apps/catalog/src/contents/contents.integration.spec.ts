import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Bus, watchFact } from '@pentaprism/bus';
import { contentContracts as contents, contentRemoved, imageContracts as images } from '@pentaprism/contracts';
import { JOB_MODEL, type JobDocument } from '@pentaprism/jobs';
import { runWithContext } from '@pentaprism/observability';
import { eventually, testScope } from '@pentaprism/testing';
import { setTimeout as sleep } from 'node:timers/promises';
import { startCatalog, type StartedCatalog } from '../catalog.fixture.js';
import { TRANSIENT_BLOB_GRACE } from '../config/config.js';
import { newId, times, TrainingFixture } from '../training/training.fixture.js';
import { AnalyseContentEffect } from '../images/analyse-content.effect.js';
import { CollectBlobs } from '../housekeeping/collect-blobs.usecase.js';

const DECODED = { state: 'decoded', mediaType: 'image/png', format: 'png', width: 40, height: 30 };

let catalog: StartedCatalog;
let fixture: TrainingFixture;

const analyse = (...of: Awaited<ReturnType<TrainingFixture['putBytes']>>[]) =>
  fixture.call(contents.analyse, { contents: of });
const within = <T>(milliseconds: number, call: () => Promise<T>) =>
  runWithContext(
    { traceId: 'e'.repeat(32), workspace: fixture.workspace, actor: '', deadline: performance.now() + milliseconds },
    call,
  );
const jobsOf = (sha256: string) =>
  fixture.model<JobDocument>(JOB_MODEL).find({ workspace: fixture.workspace, 'payload.sha256': sha256 }).lean();
const collect = (now: number) => catalog.app.get(CollectBlobs, { strict: false }).collectOrphans(now);

beforeAll(async () => {
  catalog = await startCatalog(testScope('contents'));
});
afterAll(() => catalog.stop());
beforeEach(async () => {
  fixture = new TrainingFixture(catalog, await catalog.makeWorkspace());
});
afterEach(() => {
  jest.restoreAllMocks();
});

describe('bytes that are analysed before there is an image', () => {
  it('are known when the answer comes: good ones, bad ones, the same ones twice', async () => {
    const [good, bad, other] = [await fixture.putBytes(), await fixture.putBytes(), await fixture.putBytes()];
    const answer = analyse(good, bad, good, other);
    await eventually(async () => expect(await jobsOf(other.sha256)).toHaveLength(1));
    await fixture.report(good.sha256);
    await fixture.report(bad.sha256, { state: 'undecodable', reason: 'It is cut off.', code: 'damaged' });
    await fixture.report(other.sha256);
    const undecodable = { state: 'undecodable', reason: 'It is cut off.', code: 'damaged' };
    expect((await answer).outcomes).toEqual([DECODED, undecodable, DECODED, DECODED]);
    // Known ones are answered at once, without another job.
    expect((await analyse(bad, good)).outcomes).toEqual([undecodable, DECODED]);
    expect(await jobsOf(good.sha256)).toHaveLength(1);
  });

  it('come before all others', async () => {
    const [awaited, uploaded] = [await fixture.putBytes(), await fixture.putBytes()];
    const image = { fileName: 'a', announcedSize: 1, tags: [] };
    await fixture.call(images.create, { ...image, content: uploaded });
    const answer = within(1500, () => analyse(awaited)).catch(() => undefined);
    await eventually(async () => expect(await jobsOf(awaited.sha256)).toHaveLength(1));
    const [first, later] = [(await jobsOf(awaited.sha256))[0], (await jobsOf(uploaded.sha256))[0]];
    // BullMQ's: 0 first, then 1, 2, ...
    expect(first?.priority).toBeLessThan(later?.priority ?? 0);
    await answer;
  });

  it('share one job with the image that points to them, and with others who ask', async () => {
    const content = await fixture.putBytes();
    await fixture.call(images.create, { fileName: 'a', announcedSize: 1, tags: [], content });
    const answers = Promise.all(times(10, () => analyse(content)));
    await sleep(100);
    await fixture.report(content.sha256);
    for (const { outcomes } of await answers) expect(outcomes).toEqual([DECODED]);
    expect(await jobsOf(content.sha256)).toHaveLength(1);
    expect((await fixture.findContent(content.sha256))?.orphanedAt).toBeNull();
  });

  it('are noticed without the signal, a little later', async () => {
    jest.spyOn(AnalyseContentEffect.prototype, 'committed').mockImplementation(() => {});
    const content = await fixture.putBytes();
    const answer = analyse(content);
    await eventually(async () => expect(await jobsOf(content.sha256)).toHaveLength(1));
    await fixture.report(content.sha256);
    expect((await answer).outcomes).toEqual([DECODED]);
  });

  it('are not waited for longer than the caller does', async () => {
    const content = await fixture.putBytes();
    const begun = Date.now();
    const outcome = await within(700, () => fixture.outcomeOf(analyse(content)));
    expect(outcome).toBe('DEADLINE_EXCEEDED');
    expect(Date.now() - begun).toBeLessThan(5000);
  });

  it('go soon when no image comes, but not before an image could', async () => {
    const content = await fixture.putBytes();
    const begun = Date.now();
    const answer = analyse(content);
    await eventually(async () => expect(await jobsOf(content.sha256)).toHaveLength(1));
    await fixture.report(content.sha256);
    await answer;
    // The caller may have waited until its deadline, of 90 s.
    await collect(begun + (90 + TRANSIENT_BLOB_GRACE - 5) * 1000);
    expect(await fixture.findContent(content.sha256)).not.toBeNull();
    expect(await fixture.isStored(content.sha256)).toBe(true);
    await collect(Date.now() + (90 + TRANSIENT_BLOB_GRACE + 10) * 1000);
    expect(await fixture.findContent(content.sha256)).toBeNull();
    expect(await fixture.isStored(content.sha256)).toBe(false);
  });

  it('that are asked for again while they wait to be collected stay for the caller', async () => {
    const [content] = await fixture.decoded();
    if (!content) throw new Error('no content');
    const soon = Date.now() + (TRANSIENT_BLOB_GRACE + 10) * 1000;
    await analyse(content);
    await collect(soon);
    expect(await fixture.findContent(content.sha256)).not.toBeNull();
  });
});

describe('bytes that are discarded', () => {
  it('go soon, unless an image points to them', async () => {
    const [used, unknown] = [await fixture.putBytes(), await fixture.putBytes()];
    const [known] = await fixture.decoded();
    if (!known) throw new Error('no content');
    const image = await fixture.call(images.create, { fileName: 'a', announcedSize: 1, tags: [], content: used });
    await fixture.call(contents.discard, { contents: [used, unknown, known, unknown] });
    expect(await fixture.findContent(unknown.sha256)).toMatchObject({ state: 'unseen', transient: true });
    expect(await jobsOf(unknown.sha256)).toEqual([]);
    expect(await fixture.isStored(unknown.sha256)).toBe(true);
    await collect(Date.now() + (TRANSIENT_BLOB_GRACE + 10) * 1000);
    for (const { sha256 } of [unknown, known]) {
      expect(await fixture.isStored(sha256)).toBe(false);
      expect(await fixture.findContent(sha256)).toBeNull();
    }
    expect(await fixture.isStored(used.sha256)).toBe(true);
    expect((await fixture.findContent(used.sha256))?.orphanedAt).toBeNull();
    await fixture.call(images.delete, { id: image.id });
  });

  it('become an image when one comes after all', async () => {
    const content = await fixture.putBytes();
    await fixture.call(contents.discard, { contents: [content] });
    await fixture.call(images.create, { fileName: 'a', announcedSize: 1, tags: [], content });
    expect(await fixture.findContent(content.sha256)).toMatchObject({ state: 'pending', orphanedAt: null });
    expect(await jobsOf(content.sha256)).toHaveLength(1);
    await fixture.collect();
    expect(await fixture.isStored(content.sha256)).toBe(true);
  });

  it('do not go from those who wait for them', async () => {
    const content = await fixture.putBytes();
    const answer = analyse(content);
    await eventually(async () => expect(await jobsOf(content.sha256)).toHaveLength(1));
    await fixture.call(contents.discard, { contents: [content] });
    await collect(Date.now() + (TRANSIENT_BLOB_GRACE + 10) * 1000);
    await fixture.report(content.sha256);
    expect((await answer).outcomes).toEqual([DECODED]);
  });
});

describe('bytes that are gone for good', () => {
  it('are told of, with the pictures that were made of them', async () => {
    const content = await fixture.putBytes();
    await fixture.know([content], true);
    const { thumbnail, resized } = (await fixture.findContent(content.sha256)) ?? {};
    const { connection } = catalog.app.get(Bus, { strict: false });
    const heard: unknown[] = [];
    const stop = watchFact(connection, contentRemoved, (data) => heard.push(data));
    await connection.nats.flush();
    await fixture.collect();
    await eventually(() => expect(heard).toContainEqual({ sha256: content.sha256 }));
    stop();
    for (const sha256 of [thumbnail?.sha256, resized?.sha256])
      expect(await fixture.isStored(sha256 ?? '', 'thumbnails')).toBe(false);
  });

  it('leave pictures that others share, and the sweeper those that are known', async () => {
    const [one, two] = [await fixture.putBytes(), await fixture.putBytes()];
    await fixture.know([one, two], true);
    const { resized } = (await fixture.findContent(one.sha256)) ?? {};
    await fixture
      .model('Content')
      .updateOne({ workspace: fixture.workspace, sha256: two.sha256 }, { thumbnail: resized });
    await fixture
      .model('Content')
      .updateOne({ workspace: fixture.workspace, sha256: two.sha256 }, { orphanedAt: null });
    await fixture.collect();
    expect(await fixture.findContent(one.sha256)).toBeNull();
    expect(await fixture.isStored(resized?.sha256 ?? '', 'thumbnails')).toBe(true);
    const other = (await fixture.findContent(two.sha256))?.resized?.sha256 ?? newId();
    const unknown = await fixture.putBytes('thumbnails');
    await catalog.app.get(CollectBlobs, { strict: false }).sweep(Date.now() + 2 * 24 * 3600 * 1000);
    expect(await fixture.isStored(other, 'thumbnails')).toBe(true);
    expect(await fixture.isStored(unknown.sha256, 'thumbnails')).toBe(false);
  });
});
