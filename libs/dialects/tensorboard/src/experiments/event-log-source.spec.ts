import { beforeEach, describe, expect, it } from '@jest/globals';
import { event, idOf, part, run, series, SERIES, StandInEventLogs, WORKSPACE } from '../event-logs.fixture.js';
import { EventLogSource } from './event-log-source.js';

describe('EventLogSource', () => {
  let logs: StandInEventLogs;
  let warnings: string[];
  beforeEach(() => {
    [logs, warnings] = [new StandInEventLogs(), []];
  });
  const sourceOf = (maxBytes: number) =>
    new EventLogSource(logs.bus(), WORKSPACE, (problem) => warnings.push(problem), maxBytes);

  it('leaves out descriptions first, then series, and warns of both', async () => {
    logs.of().series = [1, 2, 3, 4].map((n) => series(`tag ${n}`, { id: idOf(n), description: 'x'.repeat(400) }));
    const shown = async (maxBytes: number) =>
      (await sourceOf(maxBytes).series()).value.map(({ description }) => description.length);
    expect([await shown(10_000), warnings]).toEqual([[400, 400, 400, 400], []]);
    expect(await shown(2500)).toEqual([0, 0, 0, 0]);
    const texts = 'The descriptions of the image tags of workspace clinic are not shown: ';
    expect(warnings).toEqual([`${texts}the list takes more than 2500 bytes.`]);
    expect(await shown(1500)).toEqual([0, 0]);
    expect(warnings.slice(1)).toEqual([
      `${texts}the list takes more than 1500 bytes.`,
      'The last image tags of workspace clinic are not shown: the list takes more than 1500 bytes.',
    ]);
  });

  it('bounds runs by their names, and events by their images', async () => {
    logs.of().runs = [1, 2, 3].map((n) => run('x'.repeat(500 * n), idOf(n)));
    expect((await sourceOf(4000).runs()).value).toHaveLength(2);
    logs.of().events[SERIES] = [event('1', { images: [part('c')] }), event('2', { images: Array(50).fill(part('d')) })];
    expect((await sourceOf(4000).events(series('a'))).value.map(({ step }) => step)).toEqual(['1']);
    expect(warnings).toHaveLength(2);
  });
});
