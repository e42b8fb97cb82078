import { beforeEach, describe, expect, it } from '@jest/globals';
import { event, EVENT, idOf, part, SERIES, StandInEventLogs, WORKSPACE } from '../event-logs.fixture.js';
import { EventLogSource } from './event-log-source.js';
import type { Experiment } from './experiment-source.js';
import { ImagePlaces, KEPT_LIST_PLACES, KEPT_PLACE_MS } from './image-places.js';

let now: number;
let logs: StandInEventLogs;
let places: ImagePlaces;
let experiment: Experiment;
beforeEach(() => {
  now = 5000;
  logs = new StandInEventLogs();
  places = new ImagePlaces({ max: 4, now: () => now });
  experiment = experimentOf(WORKSPACE);
  logs.of().events[SERIES] = [event('1', { images: [part('c'), part('d')] })];
});

const experimentOf = (workspace: string) => ({
  key: workspace,
  source: new EventLogSource(logs.bus(), workspace, () => undefined),
});
const find = async (sample: number, eventId = EVENT, of = experiment) => {
  const { workspace, sha256, part: found } = await places.find(of, { eventId, sample });
  return [workspace, sha256[0], found?.sha256[0], found?.offset, found?.length];
};

describe('ImagePlaces', () => {
  it('reads an event once for all of its images and all requests at the same time', async () => {
    const found = await Promise.all([find(0), find(1), find(0), find(1)]);
    expect(found[0]).toEqual([WORKSPACE, 'b', 'c', 10, 20]);
    expect(found[1]).toEqual([WORKSPACE, 'b', 'd', 10, 20]);
    expect(await find(1)).toEqual(found[1]);
    expect(logs.calls).toEqual(['event']);
  });

  it('makes no call for the images of a list', async () => {
    const { value } = await experiment.source.events({ id: SERIES } as never);
    places.add(
      experiment,
      value.flatMap(({ images }) => images),
    );
    expect(await find(1)).toEqual([WORKSPACE, 'b', 'd', 10, 20]);
    expect(logs.calls).toEqual(['events']);
  });

  it('keeps the place of a replaced event for a minute and no longer', async () => {
    await find(0);
    logs.of().events[SERIES] = [event('2', { id: idOf(2), images: [part('e')] })];
    now += KEPT_PLACE_MS - 1;
    expect(await find(0)).toEqual([WORKSPACE, 'b', 'c', 10, 20]);
    now += 2;
    await expect(find(0)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('reads the new place of an image that was moved', async () => {
    await find(0);
    const moved = { content: { sha256: 'f'.repeat(64), size: 5 }, offset: 0 };
    logs.of().events[SERIES] = [event('1', { images: [part('c', moved), part('d', moved)] })];
    expect(await places.read(experiment, { eventId: EVENT, sample: 0 })).toMatchObject({ sha256: 'f'.repeat(64) });
    expect(await find(1)).toEqual([WORKSPACE, 'f', 'd', 0, 20]);
    expect(logs.calls).toEqual(['event', 'event']);
  });

  it('finds neither an image beyond the last of its event nor one of another workspace', async () => {
    await find(0);
    await expect(find(2)).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(find(0, EVENT, experimentOf('other'))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('keeps the last places of a long list', async () => {
    places = new ImagePlaces({ now: () => now });
    const content = {
      area: 'eventimages' as const,
      workspace: WORKSPACE,
      sha256: 'a'.repeat(64),
      size: 1,
      mediaType: 'x/y',
    };
    const images = Array.from({ length: KEPT_LIST_PLACES + 1 }, (_, i) => ({ eventId: idOf(i), sample: 0, content }));
    places.add(experiment, images);
    expect([await find(0, idOf(1)), await find(0, idOf(KEPT_LIST_PLACES))]).toHaveLength(2);
    expect(logs.calls).toEqual([]);
    await expect(find(0, idOf(0))).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('keeps no more places than its bound', async () => {
    logs.of().events[SERIES] = [1, 2, 3, 4, 5].map((n) => event(String(n), { id: idOf(n) }));
    for (const n of [1, 2, 3, 4, 5]) await find(0, idOf(n));
    for (const n of [5, 4, 3, 2]) await find(0, idOf(n));
    expect(logs.count('event')).toBe(5);
    await find(0, idOf(1));
    expect(logs.count('event')).toBe(6);
  });
});
