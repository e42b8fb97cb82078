import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { ModalityReference, RadiographInfo } from '@pentaprism/contracts';
import { randomBytes, randomUUID } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import type { ModalitySessions } from './modality-sessions.js';

/** Sessions to test, with the hands of those who take images. */
export interface ModalitySessionsHarness {
  readonly sessions: ModalitySessions;
  createSession(workspace: string): Promise<string>;
  /** @returns its id */
  addImage(workspace: string, sessionId: string, image: { bytes: Uint8Array; info: RadiographInfo }): Promise<string>;
  endSession(workspace: string, sessionId: string): Promise<void>;
  /** Transfers of bytes that are still under way. */
  countOpen(): Promise<number>;
  close(): Promise<void>;
}

const WORKSPACE = 'clinic';
const PLAIN: RadiographInfo = { binning: 'unbinned', lut: null };
const MAPPED: RadiographInfo = {
  binning: 'binned-2x2',
  lut: { gamma: 2.3, slope: 65_535, offset: -0.5, totalGrays: 4096, minimumGray: 3612, maximumGray: 418 },
};

/** Ids that nobody gave to anything, and that must not lead anywhere else. */
const HOSTILE_IDS = [
  '.',
  '..',
  '../..',
  'a/b',
  '/',
  'a\\b',
  '%2e%2e',
  '%2F',
  '?',
  '#',
  'a b',
  'ä',
  '\u{1f9b7}',
  '\ud800',
  '\u0000',
  '$ne',
  '__proto__',
  'x'.repeat(200),
];

/** What every adapter of `ModalitySessions` does. */
export function describeModalitySessionsConformance(
  name: string,
  factory: () => Promise<ModalitySessionsHarness>,
): void {
  describe(`${name} conforms to the port of modality sessions`, () => {
    let harness: ModalitySessionsHarness;
    const current = () => harness;
    beforeEach(async () => {
      harness = await factory();
    });
    afterEach(async () => {
      await harness.close();
    });
    describe('images', () => describeImages(current));
    describe('what is not there', () => describeAbsence(current));
  });
}

function describeImages(harness: () => ModalitySessionsHarness): void {
  it.each([
    ['without a lookup table', PLAIN],
    ['with a lookup table', MAPPED],
    ['with a part of one', { binning: 'unbinned', lut: { gamma: 1 } } as const],
  ])('have the information %s that they were taken with', async (_what, info) => {
    const { sessions, createSession, addImage } = harness();
    const sessionId = await createSession(WORKSPACE);
    const imageId = await addImage(WORKSPACE, sessionId, { bytes: Buffer.from('x'), info });
    const found = await sessions.find(WORKSPACE, { sessionId, imageId });
    // As others get to see it: what is undefined is absent.
    expect(JSON.parse(JSON.stringify(found))).toEqual(info);
  });

  it.each([1, 65_536, 3_000_001])('have their %i bytes, as often as they are read', async (size) => {
    const { sessions, createSession, addImage, countOpen } = harness();
    const bytes = randomBytes(size);
    const sessionId = await createSession(WORKSPACE);
    const image = { sessionId, imageId: await addImage(WORKSPACE, sessionId, { bytes, info: PLAIN }) };
    for (let time = 0; time < 2; time += 1)
      expect((await buffer(sessions.open(WORKSPACE, image))).equals(bytes)).toBe(true);
    expect(await countOpen()).toBe(0);
  });

  it('let go of what is read in part, or not at all', async () => {
    const { sessions, createSession, addImage, countOpen } = harness();
    const sessionId = await createSession(WORKSPACE);
    const bytes = randomBytes(20_000_000);
    const image = { sessionId, imageId: await addImage(WORKSPACE, sessionId, { bytes, info: PLAIN }) };
    sessions.open(WORKSPACE, image);
    for await (const piece of sessions.open(WORKSPACE, image)) {
      expect(bytes.subarray(0, piece.byteLength).equals(piece)).toBe(true);
      break;
    }
    const until = Date.now() + 2000;
    while ((await countOpen()) > 0 && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(await countOpen()).toBe(0);
  });

  it('are not mixed up, of one session or of several', async () => {
    const { sessions, createSession, addImage } = harness();
    const images: { reference: ModalityReference; text: string }[] = [];
    for (const session of ['a', 'b']) {
      const sessionId = await createSession(WORKSPACE);
      for (const text of [`${session}1`, `${session}2`]) {
        const imageId = await addImage(WORKSPACE, sessionId, { bytes: Buffer.from(text), info: PLAIN });
        images.push({ reference: { sessionId, imageId }, text });
      }
    }
    for (const { reference, text } of images)
      expect((await buffer(sessions.open(WORKSPACE, reference))).toString()).toBe(text);
    const [first, , third] = images.map(({ reference }) => reference) as [
      ModalityReference,
      unknown,
      ModalityReference,
    ];
    await expectAbsent(sessions, { sessionId: first.sessionId, imageId: third.imageId });
  });
}

function describeAbsence(harness: () => ModalitySessionsHarness): void {
  it('is a session until it is ended, with everything in it', async () => {
    const { sessions, createSession, addImage, endSession } = harness();
    const [sessionId, other] = [await createSession(WORKSPACE), await createSession(WORKSPACE)];
    const image = { bytes: Buffer.from('x'), info: MAPPED };
    const reference = { sessionId, imageId: await addImage(WORKSPACE, sessionId, image) };
    const kept = { sessionId: other, imageId: await addImage(WORKSPACE, other, image) };
    expect(await sessions.isActive(WORKSPACE, sessionId)).toBe(true);
    expect(await sessions.hasImage(WORKSPACE, reference)).toBe(true);
    await endSession(WORKSPACE, sessionId);
    expect(await sessions.isActive(WORKSPACE, sessionId)).toBe(false);
    await expectAbsent(sessions, reference);
    expect(await sessions.isActive(WORKSPACE, other)).toBe(true);
    expect(await sessions.hasImage(WORKSPACE, kept)).toBe(true);
  });

  it('is an image that was never taken', async () => {
    const { sessions, createSession } = harness();
    const sessionId = await createSession(WORKSPACE);
    await expectAbsent(sessions, { sessionId, imageId: randomUUID() });
    expect(await sessions.isActive(WORKSPACE, randomUUID())).toBe(false);
    await expectAbsent(sessions, { sessionId: randomUUID(), imageId: randomUUID() });
  });

  it.each(HOSTILE_IDS.map((id) => [JSON.stringify(id), id] as const))('is what %s names', async (_shown, id) => {
    const { sessions, createSession, addImage } = harness();
    const sessionId = await createSession(WORKSPACE);
    const imageId = await addImage(WORKSPACE, sessionId, { bytes: Buffer.from('x'), info: PLAIN });
    expect(await sessions.isActive(WORKSPACE, id)).toBe(false);
    for (const reference of [
      { sessionId: id, imageId },
      { sessionId, imageId: id },
      { sessionId: id, imageId: id },
    ])
      await expectAbsent(sessions, reference);
  });
}

async function expectAbsent(sessions: ModalitySessions, reference: ModalityReference): Promise<void> {
  const notFound = expect.objectContaining({ code: 'NOT_FOUND' });
  expect(await sessions.hasImage(WORKSPACE, reference)).toBe(false);
  await expect(sessions.find(WORKSPACE, reference)).rejects.toEqual(notFound);
  await expect(buffer(sessions.open(WORKSPACE, reference))).rejects.toEqual(notFound);
}
