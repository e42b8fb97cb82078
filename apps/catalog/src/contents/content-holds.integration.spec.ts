import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  contentContracts as contents,
  imageContracts as images,
  snapshotContracts,
  type ContentReference,
} from '@pentaprism/contracts';
import { JOB_MODEL, type JobDocument } from '@pentaprism/jobs';
import { runWithContext } from '@pentaprism/observability';
import { eventually, testScope } from '@pentaprism/testing';
import { startCatalog, type StartedCatalog } from '../catalog.fixture.js';
import { idsOf, imageOf, newId, times, TrainingFixture } from '../training/training.fixture.js';
import { CONTENT_MODEL } from './content.schema.js';
import {
  CONTENT_HOLD_MODEL,
  HOLDER_MODEL,
  type ContentHoldDocument,
  type HolderDocument,
} from './content-hold.schema.js';

const QUALITY = { sharpness: 1.8, shadows: 0.1, highlights: 0.9, contrast: 0.2, entropy: 7 };

let catalog: StartedCatalog;
let fixture: TrainingFixture;

const newHolder = () => `dataset/${newId()}`;
const analysis = async () => ({ ...(await fixture.decodedResult()), quality: QUALITY });
/** Holds contents as a worker does that has decoded them. */
const hold = async (holder: string, ...held: ContentReference[]) =>
  fixture.call(contents.hold, {
    holder,
    contents: await Promise.all(held.map(async (content) => ({ content, analysis: await analysis() }))),
  });
/** Holds contents that are decoded already. */
const holdKnown = (holder: string, ...held: ContentReference[]) =>
  fixture.call(contents.hold, { holder, contents: held.map((content) => ({ content, analysis: null })) });
const release = (holder: string) => fixture.call(contents.release, { holder });
const holdsOf = (holder: string) =>
  fixture.model<ContentHoldDocument>(CONTENT_HOLD_MODEL).countDocuments({ workspace: fixture.workspace, holder });
const jobsOf = (sha256: string) =>
  fixture.model<JobDocument>(JOB_MODEL).countDocuments({ workspace: fixture.workspace, 'payload.sha256': sha256 });
const makeImage = (content: ContentReference) =>
  fixture.call(images.create, { fileName: 'a', announcedSize: 1, tags: [], content });

beforeAll(async () => {
  catalog = await startCatalog(testScope('holds'));
});
afterAll(() => catalog.stop());
beforeEach(async () => {
  fixture = new TrainingFixture(catalog, await catalog.makeWorkspace());
});

describe('a hold', () => {
  it('keeps bytes that no image references, with their analysis and without a job', async () => {
    const [one, two, other] = [await fixture.putBytes(), await fixture.putBytes(), await fixture.putBytes()];
    expect(await hold(newHolder(), one, two, one)).toEqual({ unknown: [] });
    await fixture.call(contents.discard, { contents: [one, other] });
    await fixture.collect();
    expect(await fixture.isStored(one.sha256)).toBe(true);
    expect(await fixture.isStored(other.sha256)).toBe(false);
    const stored = await fixture.findContent(two.sha256);
    expect(stored).toMatchObject({ state: 'decoded', width: 40, quality: QUALITY, orphanedAt: null, size: two.size });
    expect(await fixture.isStored(stored?.thumbnail?.sha256 ?? '', 'thumbnails')).toBe(true);
    expect(await jobsOf(one.sha256)).toBe(0);
  });

  it('makes contents known that others need not decode again', async () => {
    const [held, pending, missing] = [await fixture.putBytes(), await fixture.putBytes(), await fixture.putBytes()];
    await hold(newHolder(), held);
    await makeImage(pending);
    const known = await fixture.call(contents.known, {
      hashes: [held.sha256, pending.sha256, missing.sha256, held.sha256],
    });
    const picture = { mediaType: 'image/png', format: 'png', width: 40, height: 30, perceptualHash: '0'.repeat(16) };
    expect(known).toEqual({ contents: [{ sha256: held.sha256, ...picture, quality: QUALITY }] });
  });

  it('without an analysis takes decoded contents only, and names the others', async () => {
    const holder = newHolder();
    const [decoded] = await fixture.decoded();
    if (!decoded) throw new Error('no content');
    const [pending, missing] = [await fixture.putBytes(), await fixture.putBytes()];
    await makeImage(pending);
    const { unknown } = await holdKnown(holder, decoded, pending, missing);
    expect(unknown.sort()).toEqual([pending.sha256, missing.sha256].sort());
    expect(await holdsOf(holder)).toBe(1);
    expect(await fixture.findContent(missing.sha256)).toBeNull();
    expect(await hold(holder, pending, missing)).toEqual({ unknown: [] });
    expect(await holdsOf(holder)).toBe(3);
  });

  it('changes nothing when it is repeated', async () => {
    const holder = newHolder();
    const content = await fixture.putBytes();
    const entry = { content, analysis: await analysis() };
    for (const _ of times(3, Number)) await fixture.call(contents.hold, { holder, contents: [entry] });
    await Promise.all(times(5, () => fixture.call(contents.hold, { holder, contents: [entry] })));
    expect(await holdsOf(holder)).toBe(1);
    expect((await fixture.findContent(content.sha256))?.thumbnail?.sha256).toBe(entry.analysis.thumbnail.sha256);
  });

  it('updates images of the same bytes, and answers callers that wait for them', async () => {
    const content = await fixture.putBytes();
    const { id } = await makeImage(content);
    const answer = fixture.call(contents.analyse, { contents: [content] });
    await eventually(async () => expect(await jobsOf(content.sha256)).toBe(1));
    await hold(newHolder(), content);
    expect((await answer).outcomes).toEqual([
      { state: 'decoded', mediaType: 'image/png', format: 'png', width: 40, height: 30 },
    ]);
    expect((await fixture.findImage(id))?.state).toBe('decoded');
    // The job that the image began reports later.
    await fixture.report(content.sha256);
    expect(await fixture.findContent(content.sha256)).toMatchObject({ state: 'decoded', orphanedAt: null });
  });
});

describe('a release', () => {
  it('leaves the bytes to the collector, except those that an image, a snapshot or another holder has', async () => {
    const project = await fixture.makeProject();
    const [imaged, copied, shared, own] = await fixture.decoded(4);
    if (!imaged || !copied || !shared || !own) throw new Error('no contents');
    const [first, second] = [newHolder(), newHolder()];
    await holdKnown(first, imaged, copied, shared, own);
    await holdKnown(second, shared);
    const added = await fixture.add(project, [imaged, copied]);
    await fixture.call(snapshotContracts.create, { projectId: project, snapshotId: newId() });
    const [, copy] = idsOf(added.map(imageOf));
    await fixture.call(images.delete, { id: copy ?? '' });
    expect(await release(first)).toEqual({ left: false });
    await fixture.collect();
    for (const { sha256 } of [imaged, copied, shared]) {
      expect(await fixture.isStored(sha256)).toBe(true);
      expect((await fixture.findContent(sha256))?.orphanedAt).toBeNull();
    }
    expect(await fixture.isStored(own.sha256)).toBe(false);
    expect(await fixture.findContent(own.sha256)).toBeNull();
    await release(second);
    await fixture.collect();
    expect(await fixture.isStored(shared.sha256)).toBe(false);
  });

  it('is final: a hold that arrives later is refused, also where nothing was held', async () => {
    const [used, unused] = [newHolder(), newHolder()];
    const content = await fixture.putBytes();
    await hold(used, content);
    for (const holder of [used, unused]) {
      expect(await release(holder)).toEqual({ left: false });
      expect(await fixture.outcomeOf(hold(holder, content))).toBe('FAILED_PRECONDITION');
      expect(await release(holder)).toEqual({ left: false });
      expect(await holdsOf(holder)).toBe(0);
    }
    const records = await fixture.model<HolderDocument>(HOLDER_MODEL).find({ workspace: fixture.workspace }).lean();
    expect(records.map(({ emptiedAt }) => emptiedAt)).toEqual([expect.any(Date), expect.any(Date)]);
  });

  it('goes on where its time was over', async () => {
    const holder = newHolder();
    const held = await fixture.decoded(100);
    for (let start = 0; start < held.length; start += 50) await holdKnown(holder, ...held.slice(start, start + 50));
    const context = { traceId: 'e'.repeat(32), workspace: fixture.workspace, actor: '' };
    // No time at all for more than one batch.
    const deadline = performance.now() + 2000;
    expect(await runWithContext({ ...context, deadline }, () => release(holder))).toEqual({ left: true });
    expect(await holdsOf(holder)).toBe(36);
    expect(await fixture.outcomeOf(holdKnown(holder, ...held.slice(0, 1)))).toBe('FAILED_PRECONDITION');
    expect(await release(holder)).toEqual({ left: false });
    expect(await holdsOf(holder)).toBe(0);
    await fixture.collect();
    expect(await fixture.model(CONTENT_MODEL).countDocuments({ workspace: fixture.workspace })).toBe(0);
  });

  it('leaves nothing of holds that arrive at the same moment', async () => {
    for (const round of times(5, Number)) {
      const holder = newHolder();
      const held = await fixture.decoded(20);
      const calls = held.map((content) => fixture.outcomeOf(holdKnown(holder, content)));
      const [first] = calls;
      if (round % 2 === 0) await first;
      await release(holder);
      const outcomes = await Promise.all(calls);
      expect(outcomes.filter((outcome) => outcome !== 'done' && outcome !== 'FAILED_PRECONDITION')).toEqual([]);
      await release(holder);
      expect(await holdsOf(holder)).toBe(0);
      await fixture.collect();
      for (const { sha256 } of held) expect(await fixture.isStored(sha256)).toBe(false);
    }
  });
});

describe('a hold beside the deletion of the last image of its bytes', () => {
  it('keeps the bytes whichever is first', async () => {
    const contentsOf = await Promise.all(times(30, () => fixture.putBytes()));
    await fixture.know(contentsOf);
    const made = await Promise.all(contentsOf.map(makeImage));
    const holder = newHolder();
    await Promise.all(
      made.flatMap(({ id }, i) => {
        const content = contentsOf[i];
        if (!content) throw new Error('no content');
        return [holdKnown(holder, content), fixture.call(images.delete, { id })];
      }),
    );
    await fixture.collect();
    for (const { sha256 } of contentsOf) {
      expect(await fixture.isStored(sha256)).toBe(true);
      expect((await fixture.findContent(sha256))?.orphanedAt).toBeNull();
    }
  });
});
