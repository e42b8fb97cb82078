import { describe, expect, it } from '@jest/globals';
import { EMPTY_RUN, EventFileReader, type LoggedEvent } from '@pentaprism/event-files';
import { eventFile, type EventFields } from '@pentaprism/testing';
import { picture, pictures, pngOf, VERSION } from './event-logs.fixture.js';
import { IMAGE_RECORD_BYTES, MAX_IMAGES_PER_EVENT, MAX_TAG_CHARACTERS } from './limits.js';
import { RunPass, type RunState } from './run-pass.js';
import type { SeriesChange, StoredSeries } from './series-pass.js';

function decoded(...events: EventFields[]): LoggedEvent[] {
  return [...new EventFileReader().push(eventFile(...events))].flatMap((item) =>
    item.kind === 'event' ? item.event : [],
  );
}

function passOf(state: RunState, size: number, events: readonly LoggedEvent[], maxTags?: number) {
  const pass = new RunPass(state, size, maxTags);
  const problems = events.flatMap((event) => pass.read(event, true));
  pass.settle();
  return { pass, problems };
}

const { tags: _, ...reading } = EMPTY_RUN;
const NOTHING: RunState = { reading, series: [] };

/** The series as a later pass finds it, where `earlier` is how an earlier one found it. */
function storedFrom(
  { id, added, removed, metadata: _, ...change }: SeriesChange,
  earlier?: StoredSeries,
): StoredSeries {
  const kept = (earlier?.events ?? []).filter((event) => !removed.includes(event.id));
  const events = added.map(({ place, step, images }) => ({
    id: `${change.tag} ${String(place)}`,
    step,
    count: images.length,
  }));
  return { ...change, id: id ?? change.tag, events: [...kept, ...events] };
}

describe('RunPass', () => {
  it('keeps the same steps in any number of passes as in one', () => {
    const events = decoded(
      VERSION,
      ...pictures(40),
      { step: 25, isStart: true },
      { step: 20, isStart: true },
      ...pictures(60, 20),
    );
    const [whole] = passOf(NOTHING, 10, events).pass.changes();
    let state = NOTHING;
    for (let at = 0; at < events.length; at += 7) {
      const { pass } = passOf(state, 10, events.slice(at, at + 7));
      const [change] = pass.changes();
      const series = change ? [storedFrom(change, state.series[0])] : state.series;
      state = { reading: pass.reading, series };
    }
    expect(state.series[0]?.events.map(({ step }) => step)).toEqual(whole?.added.map(({ step }) => step));
    expect(state.series[0]).toMatchObject({ seen: whole?.seen, drawn: whole?.drawn, samples: 1, count: 10 });
  });

  it('holds the bytes and records of kept events only', () => {
    const { pass } = passOf(NOTHING, 3, decoded(VERSION, ...pictures(50)));
    const [change] = pass.changes();
    expect(change?.added).toHaveLength(3);
    const textBytes = 'a'.length;
    expect(pass.heldBytes).toBe(3 * (pngOf().length + IMAGE_RECORD_BYTES) + textBytes);
    expect(pass.heldRecords).toBe(1 + 3);
    pass.read(decoded(START)[0] as LoggedEvent, true);
    pass.read(decoded(START)[0] as LoggedEvent, true);
    expect([pass.heldBytes, pass.heldRecords]).toEqual([textBytes, 1]);
  });

  it('copies kept images, so that the bytes that they arrived in can be freed', () => {
    const bytes = eventFile(picture(1), picture(2));
    const { pass } = passOf(
      NOTHING,
      10,
      [...new EventFileReader().push(bytes)].flatMap((item) => (item.kind === 'event' ? item.event : [])),
    );
    const images = pass.changes()[0]?.added.flatMap(({ images }) => images) ?? [];
    expect(images).toHaveLength(2);
    for (const image of images) expect(image.buffer).not.toBe(bytes.buffer);
  });

  it('removes stored events from a restart on when all events are kept', () => {
    const first = passOf(NOTHING, 0, decoded(VERSION, START, ...pictures(9))).pass;
    const series = first.changes().map((change) => ({ ...storedFrom(change), events: [] }));
    const second = passOf(
      { reading: first.reading, series },
      0,
      decoded(picture(9), { step: 5, isStart: true }, picture(5)),
    );
    expect(second.pass.changes()).toMatchObject([
      { id: 'a', removedFrom: 5n, nextPlace: 11, added: [{ place: 10, step: 5n }] },
    ]);
  });

  it('changes only series that a restart removes something of, and counts what it removes', () => {
    const tagged = [...pictures(9, 0, { tag: 'long' }), ...pictures(2, 0, { tag: 'short' })];
    const first = passOf(NOTHING, 10, decoded(VERSION, START, ...tagged)).pass;
    const state = { reading: first.reading, series: first.changes().map((change) => storedFrom(change)) };
    const { pass } = passOf(state, 10, decoded({ step: 5, isStart: true }));
    expect(pass.changes().map(({ tag, removed }) => [tag, removed.length])).toEqual([['long', 4]]);
    expect(pass.heldRecords).toBe(4 + 1);
    pass.read(decoded(picture(5, { tag: 'short' }))[0] as LoggedEvent, true);
    expect(pass.heldRecords).toBe(4 + 1 + 2);
  });

  it('changes no series without events at a restart when all events are kept', () => {
    const first = passOf(NOTHING, 0, decoded(VERSION, START, picture(1), picture(9, { tag: 'b' }))).pass;
    const series = first.changes().map((change) => ({ ...storedFrom(change), events: [] }));
    const empty = series.map((each) => (each.tag === 'b' ? { ...each, count: 0, samples: 0 } : each));
    const { pass } = passOf({ reading: first.reading, series: empty }, 0, decoded({ step: 5, isStart: true }));
    expect(pass.changes().map(({ tag, removedFrom }) => [tag, removedFrom])).toEqual([['a', 5n]]);
    expect(pass.heldRecords).toBe(1);
  });

  it('remembers tags of other plugins, so that the first metadata of a tag decides', () => {
    const scalar = { step: 1, values: [{ tag: 'a', plugin: 'scalars' }] };
    const first = passOf(NOTHING, 10, decoded(scalar)).pass;
    const [change] = first.changes();
    expect(change).toMatchObject({ tag: 'a', ofImages: false, added: [] });
    const series = change ? [storedFrom(change)] : [];
    expect(passOf({ reading: first.reading, series }, 10, decoded(picture(2))).pass.changes()).toEqual([]);
  });

  it('leaves out values with too long tags, tags beyond the limit of a run, and images beyond that of an event', () => {
    const { pass, problems } = passOf(
      NOTHING,
      10,
      decoded(
        picture(1, { tag: 'x'.repeat(MAX_TAG_CHARACTERS + 1) }),
        picture(1, { tag: 'one', images: Array.from({ length: MAX_IMAGES_PER_EVENT + 1 }, () => Buffer.alloc(1)) }),
        picture(1, { tag: 'two' }),
        picture(1, { tag: 'three' }),
        picture(2, { tag: 'two' }),
      ),
      2,
    );
    expect(pass.changes().map(({ tag, added, samples }) => [tag, added.length, samples])).toEqual([
      ['one', 1, MAX_IMAGES_PER_EVENT],
      ['two', 2, 1],
    ]);
    expect(problems).toEqual([
      `a tag of ${String(MAX_TAG_CHARACTERS + 1)} characters: it is longer than ${String(MAX_TAG_CHARACTERS)}`,
      `tag one, step 1: only the first ${String(MAX_IMAGES_PER_EVENT)} images are kept`,
      'tag three: the run has 2 tags already',
    ]);
  });
});

const START: EventFields = { step: 0, isStart: true };
