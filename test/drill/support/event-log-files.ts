import type { Random } from '@pentaprism/domain';
import { eventFile, type EventFields } from '@pentaprism/testing';
import { createHash } from 'node:crypto';
import { wholeWithin } from '../drill.js';

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');
const [LEAST_PICTURE, LARGEST_PICTURE] = [60, 12_000];
/** Events of a file: more than are kept of a tag, so that most of them are replaced. */
const [LEAST_EVENTS, MOST_EVENTS] = [15, 60];
const FIRST_TIME = 1_700_000_000;

/** An event file as its writer leaves it in the end. */
export interface WholeFile {
  readonly name: string;
  readonly bytes: Buffer;
  /** The offset behind each record. */
  readonly ends: readonly number[];
}

/** A run with the files that are written one after another. */
export interface WholeRun {
  readonly name: string;
  readonly files: readonly WholeFile[];
}

/**
 * Makes a run of three tags. The writer begins again in the second file, at a step in the middle of the first one. All bytes
 * of pictures differ.
 */
export function eventLogRun(random: Random, name: string): WholeRun {
  const first = wholeWithin(random, LEAST_EVENTS, MOST_EVENTS);
  const restart = wholeWithin(random, 0, first);
  const second = wholeWithin(random, LEAST_EVENTS, MOST_EVENTS);
  const events = (from: number, count: number, session: number) =>
    Array.from({ length: count }, (_, i) => imageEvent(random, from + i, `${name} ${session} ${i}`, i === 0));
  const start = { wallTime: FIRST_TIME + 500, step: restart, isStart: true };
  return {
    name,
    files: [
      wholeFile('events.out.tfevents.1.host', [{ ...START, step: 0 }, ...events(0, first, 1)]),
      wholeFile('events.out.tfevents.2.host', [start, ...events(restart, second, 2)]),
    ],
  };
}

const VERSION: EventFields = { wallTime: FIRST_TIME, fileVersion: 'brain.Event:2' };
const START: EventFields = { wallTime: FIRST_TIME, isStart: true };

function wholeFile(name: string, events: readonly EventFields[]): WholeFile {
  const records = [VERSION, ...events].map((event) => eventFile(event));
  let end = 0;
  return { name, bytes: Buffer.concat(records), ends: records.map(({ length }) => (end += length)) };
}

function imageEvent(random: Random, step: number, text: string, isFirst: boolean): EventFields {
  const plugin = isFirst ? { plugin: 'images', description: `*${text}*` } : {};
  const pictures = (tag: string, count: number) =>
    Array.from({ length: count }, (_, i) => picture(random, `${text} ${tag} ${i}`));
  return {
    wallTime: FIRST_TIME + step,
    step,
    values: [
      { tag: 'one', images: pictures('one', 1), ...plugin },
      { tag: 'some/of them', images: pictures('some', wholeWithin(random, 0, 3)), ...plugin },
      { tag: '__proto__', image: picture(random, `${text} old`) },
    ],
  };
}

function picture(random: Random, text: string): Buffer {
  const outputLength = wholeWithin(random, LEAST_PICTURE, LARGEST_PICTURE);
  return Buffer.concat([PNG, createHash('shake256', { outputLength }).update(text).digest()]);
}

/** Returns the offset behind the last whole record of the first bytes of a file. */
export function wholeEnd({ ends }: WholeFile, available: number): number {
  return ends.findLast((end) => end <= available) ?? 0;
}
