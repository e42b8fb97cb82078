import { describe, expect, it } from '@jest/globals';
import { ExperimentIndex } from './experiments/experiment-index.js';
import { idOf, run, series } from './event-logs.fixture.js';
import { toImageList, toMediaType } from './wire.js';

const image = (sample: number) => ({ eventId: idOf(7), sample, content: {} as never });
const event = (more: object = {}) => ({
  ...{ step: '1', wallTime: '1.5', width: 2, height: 3, images: [image(0)] },
  ...more,
});

describe('toImageList', () => {
  it('writes steps of 64 bits as they are', () => {
    for (const step of ['9007199254740993', '-9223372036854775808', '0'])
      expect(toImageList([event({ step })], 0)).toContain(`"step":${step},`);
  });

  it.each([
    ['NaN', '"NaN"'],
    ['Infinity', '"Infinity"'],
    ['-Infinity', '"-Infinity"'],
    ['-0', '-0'],
    ['0', '0'],
    ['1700000000.246', '1700000000.246'],
    ['1e+21', '1e+21'],
    ['5e-324', '5e-324'],
    ['1.7976931348623157e+308', '1.7976931348623157e+308'],
    ['1],"x":[1', '"1],\\"x\\":[1"'],
  ])('writes the time %s as %s', (wallTime, written) => {
    const json = toImageList([event({ wallTime })], 0);
    expect(json).toContain(`"wall_time":${written},`);
    expect(JSON.parse(json)).toHaveLength(1);
  });

  it('leaves out events with fewer images', () => {
    const events = [event({ images: [] }), event({ step: '2', images: [image(0), image(1)] }), event({ step: '3' })];
    const steps = (sample: number) =>
      (JSON.parse(toImageList(events, sample)) as { step: number }[]).map((e) => e.step);
    expect([0, 1, 2].map(steps)).toEqual([[2, 3], [2], []]);
  });

  it('writes what the frontend reads, in the order of TensorBoard', () => {
    expect(toImageList([event()], 0)).toBe(
      '[{"wall_time":1.5,"step":1,"query":"blob_key=AAAAAAAAAAAAAAAHAAA","width":2,"height":3}]',
    );
  });
});

describe('ExperimentIndex', () => {
  const names = ['__proto__', 'constructor', 'a/b', '.', 'quote" \\ \n \u{1F600} <b>', ''];
  const runs = names.map((name, i) => run(name, idOf(i)));
  const all = runs.flatMap(({ id }) => names.map((tag) => series(tag, { runId: id, displayName: tag })));

  it('serves runs and tags whatever their names are', () => {
    const index = new ExperimentIndex(runs, all);
    expect(JSON.parse(index.runs.body.toString())).toEqual(names);
    const pairs = entriesOf(index.tags.body).map(([name, tags]) => [name, tags.map(([tag]) => tag)]);
    expect(pairs).toEqual(names.map((name) => [name, names.toSorted()]));
    for (const { name } of runs) for (const tag of names) expect(index.find(name, tag)?.tag).toBe(tag);
  });

  it('finds nothing by the name of a property of objects', () => {
    const index = new ExperimentIndex([run('a')], [series('b')]);
    for (const name of ['__proto__', 'constructor', 'toString']) {
      expect(index.find(name, 'b')).toBeUndefined();
      expect(index.find('a', name)).toBeUndefined();
    }
  });

  it('shows a run without images as an empty object, and the dashboard only where there is an image', () => {
    const enabled = (index: ExperimentIndex) =>
      (JSON.parse(index.pluginsListing.body.toString()) as { images: { enabled: boolean } }).images.enabled;
    const index = new ExperimentIndex([run('a')], []);
    expect([index.tags.body.toString(), enabled(index)]).toEqual(['{"a":{}}', false]);
    expect(enabled(new ExperimentIndex(runs, all))).toBe(true);
  });

  it('leaves out series of runs that it does not have', () => {
    const index = new ExperimentIndex([run('a')], [series('b'), series('c', { runId: idOf(99) })]);
    expect(index.tags.body.toString()).toBe('{"a":{"b":{"displayName":"","description":"","samples":1}}}');
  });

  it('takes more memory with each series and each letter', () => {
    const sizes = [[], [series('b')], [series('b'.repeat(1000))]].map(
      (each) => new ExperimentIndex([run('a')], each).size,
    );
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    expect(new Set(sizes).size).toBe(3);
  });
});

describe('toMediaType', () => {
  it.each(['image/webp', 'image/svg+xml', 'image/avif', 'image/tiff', 'text/html', ''])('hides %j', (type) => {
    expect(toMediaType(type)).toBe('application/octet-stream');
  });

  it.each(['image/png', 'image/jpeg', 'image/gif', 'image/bmp'])('says %s', (type) => {
    expect(toMediaType(type)).toBe(type);
  });
});

/** The members of the objects in JSON of two levels, also of `__proto__`. */
function entriesOf(json: Buffer): [string, [string, unknown][]][] {
  const parsed: unknown = JSON.parse(json.toString());
  return Object.entries(parsed as object).map(([name, tags]) => [name, Object.entries(tags as object)]);
}
