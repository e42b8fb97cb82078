/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { EVENT_IMAGES_AREA, eventLogContracts, type ImageEvent } from '@pentaprism/contracts';
import { eventFile, testScope, type EventFields } from '@pentaprism/testing';
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { startTrainingIngest, type StartedTrainingIngest } from '../training-ingest.fixture.js';
import { MemoryRun } from './memory-runs.fixture.js';
import { ReadRuns } from './read-runs.usecase.js';

const scope = testScope('event-logs');
const VERSION: EventFields = { wallTime: 100, fileVersion: 'brain.Event:2' };
let service: StartedTrainingIngest;
let reader: ReadRuns;
let workspace: string;

/** An event with a picture of its own in a tag. */
function picture(step: number | bigint, tag = 'a', bytes = 40): EventFields {
  const image = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), randomBytes(bytes)]);
  return { wallTime: 1000 + Number(step), step, values: [{ tag, images: [image], plugin: 'images' }] };
}

function pictures(count: number, tag?: string): EventFields[] {
  return Array.from({ length: count }, (_, step) => picture(step, tag));
}

async function runs() {
  return (await service.call(eventLogContracts.runs, {}, workspace)).runs;
}

async function series() {
  return (await service.call(eventLogContracts.series, {}, workspace)).series;
}

/** The kept events of a tag of a run. */
async function events(run: string, tag = 'a'): Promise<ImageEvent[]> {
  const { id } = (await runs()).find(({ name }) => name === run) ?? {};
  const found = (await series()).find((each) => each.tag === tag && each.runId === id);
  if (!found) return [];
  return (await service.call(eventLogContracts.events, { seriesId: found.id }, workspace)).events;
}

async function steps(run: string, tag?: string): Promise<number[]> {
  return (await events(run, tag)).map(({ step }) => Number(step));
}

async function bytesOf({ images }: ImageEvent, sample = 0): Promise<Buffer> {
  const part = images[sample];
  if (!part) throw new Error('The event has no such image.');
  if (part.length === 0) return Buffer.alloc(0);
  const key = { area: EVENT_IMAGES_AREA, workspace, sha256: part.content.sha256 };
  return buffer(await service.blobs.open(key, { start: part.offset, end: part.offset + part.length - 1 }));
}

beforeAll(async () => {
  service = await startTrainingIngest(scope);
  reader = service.app.get(ReadRuns, { strict: false });
});
beforeEach(() => {
  workspace = `w-${randomBytes(6).toString('hex')}`;
});
afterAll(() => service.stop());

describe('ReadRuns', () => {
  it('keeps the steps that TensorBoard keeps, with their bytes', async () => {
    const logged = pictures(51);
    const run = new MemoryRun(workspace, 'train', { f: eventFile(VERSION, ...logged) });
    const [progress] = await reader.read('directory', [run.source]);
    expect(progress).toMatchObject({
      name: 'train',
      hasMore: false,
      refused: null,
      files: [{ name: 'f', ended: null }],
    });
    expect(progress?.files[0]?.offset).toBe(run.source.files[0]?.size);
    expect(await steps('train')).toEqual([1, 2, 3, 20, 24, 32, 33, 37, 49, 50]);
    for (const event of await events('train')) {
      expect(await bytesOf(event)).toEqual(logged[Number(event.step)]?.values?.[0]?.images?.[0]);
      expect(event.images[0]?.mediaType).toBe('image/png');
      expect(event.wallTime).toBe(String(1000 + Number(event.step)));
    }
  });
});
