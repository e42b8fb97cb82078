import { describe, expect, it } from '@jest/globals';
import { eventFile, imageMetadata, strings } from './event-file.fixture.js';
import { EventFileReader } from './event-file.js';
import { RunReading, type RunChange } from './run-reading.js';

type Fields = Record<string, unknown>;

const VERSION = { fileVersion: 'brain.Event:2' };
const START = { status: 1 };

/** Returns the changes that the events of each file make, with images as text. */
function changesOf(files: Fields[][], run = new RunReading()): unknown[] {
  return files.flatMap((events, index) =>
    [...new EventFileReader().push(eventFile(...events))].flatMap((item) =>
      item.kind === 'event' ? run.read(item.event, index === 0).map(withText) : [item.kind],
    ),
  );
}

function withText(change: RunChange): unknown {
  if (change.kind !== 'image') return change;
  return { ...change, images: change.images.map((image) => Buffer.from(image).toString()) };
}

const summary = (step: number, ...value: Fields[]): Fields => ({ step, wallTime: step + 0.5, summary: { value } });
const picture = (tag: string, ...more: Fields[]): Fields =>
  Object.assign({ tag, metadata: imageMetadata(), tensor: strings('4', '3', 'P') }, ...more) as Fields;
const stepsOf = (changes: unknown[]): unknown[] =>
  (changes as RunChange[])
    .filter(({ kind }) => kind === 'image')
    .map((change) => 'step' in change && Number(change.step));
const kindsOf = (changes: unknown[]): string[] => (changes as RunChange[]).map(({ kind }) => kind);

describe('the images of a run', () => {
  it('have the size, the step and the time that the writer gave', () => {
    const described = imageMetadata({ displayName: 'Input', summaryDescription: '*text*' });
    const value = picture('a/b', { metadata: described, tensor: strings('28', '20', 'one', 'two') });
    expect(changesOf([[summary(7, value)]])).toEqual([
      { kind: 'series', tag: 'a/b', displayName: 'Input', description: '*text*' },
      { kind: 'image', tag: 'a/b', step: 7n, wallTime: 7.5, width: 28, height: 20, images: ['one', 'two'] },
    ]);
  });

  it('may be none in an event', () => {
    const changes = changesOf([[summary(0, picture('a', { tensor: strings('8', '8') }))]]);
    expect(changes[1]).toMatchObject({ kind: 'image', width: 8, height: 8, images: [] });
  });

  it('of the older format need no metadata, keep theirs, and are shown under the tag', () => {
    const image = { width: 16, height: 24, encodedImageString: Buffer.from('P') };
    const other = { pluginData: { pluginName: 'scalars' }, displayName: 'Shown', summaryDescription: 'd' };
    expect(changesOf([[summary(0, { tag: 'i/0', image }, { tag: 'i/1', image, metadata: other })]])).toEqual([
      { kind: 'series', tag: 'i/0', displayName: 'i/0', description: '' },
      { kind: 'image', tag: 'i/0', step: 0n, wallTime: 0.5, width: 16, height: 24, images: ['P'] },
      { kind: 'series', tag: 'i/1', displayName: 'Shown', description: 'd' },
      { kind: 'image', tag: 'i/1', step: 0n, wallTime: 0.5, width: 16, height: 24, images: ['P'] },
    ]);
  });

  it('follow the first metadata of their tag, in whichever file it is', () => {
    const later = imageMetadata({ displayName: 'later' });
    const changes = changesOf([[summary(0, picture('a'))], [summary(1, picture('a', { metadata: later }))]]);
    expect(kindsOf(changes)).toEqual(['series', 'image', 'image']);
    const scalar = { tag: 'b', metadata: { pluginData: { pluginName: 'scalars' } }, simpleValue: 1 };
    expect(changesOf([[summary(0, scalar)], [summary(1, picture('b'))]])).toEqual([]);
  });

  it('go on without metadata after the first value of the tag', () => {
    const plain = picture('a', { metadata: undefined });
    expect(stepsOf(changesOf([[summary(0, picture('a')), summary(1, plain)], [summary(2, plain)]]))).toEqual([0, 1, 2]);
  });

  it.each([
    ['another plugin', { pluginData: { pluginName: 'text' } }, false],
    ['version 1', imageMetadata({ pluginData: { pluginName: 'images', content: Buffer.from([8, 1]) } }), false],
    [
      'a negative version',
      imageMetadata({
        pluginData: { pluginName: 'images', content: Buffer.from([8, ...Array<number>(9).fill(255), 1]) },
      }),
      false,
    ],
    [
      'content that cannot be read',
      imageMetadata({ pluginData: { pluginName: 'images', content: Buffer.from([8]) } }),
      false,
    ],
    ['{} as content', imageMetadata({ pluginData: { pluginName: 'images', content: Buffer.from('{}') } }), true],
    ['the class of blobs', imageMetadata({ dataClass: 3 }), true],
    ['the class of scalars', imageMetadata({ dataClass: 1 }), false],
    ['the class of tensors', imageMetadata({ dataClass: 2 }), false],
  ])('are those of tags whose metadata has %s: %#', (_, metadata, shown) => {
    expect(changesOf([[summary(0, picture('a', { metadata }))]])).toHaveLength(shown ? 2 : 0);
  });

  it('of very old tensors are found by the name of the node', () => {
    expect(changesOf([[summary(0, picture('', { nodeName: 'node' }))]])[0]).toMatchObject({ tag: 'node' });
  });

  it('keep tags whose names JavaScript objects have already', () => {
    const changes = changesOf([[summary(0, picture('__proto__'), picture('constructor'))]]);
    expect(kindsOf(changes)).toEqual(['series', 'image', 'series', 'image']);
  });

  it.each([
    ['no dimension', { tensorShape: { dim: [] } }, '0 dimensions'],
    ['two dimensions', { tensorShape: { dim: [{ size: 1 }, { size: 3 }] } }, '2 dimensions'],
    ['an unknown rank', { tensorShape: { unknownRank: true, dim: [{ size: 3 }] } }, '0 dimensions'],
    ['a size of 2 to the 62nd', { tensorShape: { dim: [{ size: '4611686018427387904' }] } }, '4611686018427387904'],
    ['a negative size', { tensorShape: { dim: [{ size: -3 }] } }, '-3 strings'],
    ['numbers', { dtype: 1, stringVal: [] }, 'of type 1'],
    ['a width alone', strings('8'), 'no width and height'],
  ])('leave out a tensor that has %s, and keep the rest of the event', (_, wrong, reason) => {
    const tensor = { ...strings('8', '8', 'P'), ...wrong };
    const changes = changesOf([[summary(4, picture('bad', { tensor }), picture('good'))]]);
    expect(kindsOf(changes)).toEqual(['series', 'left-out', 'series', 'image']);
    expect(changes[1]).toMatchObject({ tag: 'bad', step: 4n, reason: expect.stringContaining(reason) as unknown });
  });
});

describe('the size of an image', () => {
  const png = Buffer.concat([
    Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'),
    Buffer.from([0, 0, 1, 2, 0, 0, 3, 4]),
  ]);
  const gif = Buffer.concat([Buffer.from('GIF89a'), Buffer.from([2, 1, 4, 3])]);
  const bmp = Buffer.alloc(26);
  bmp.write('BM');
  bmp.writeInt32LE(7, 18);
  bmp.writeInt32LE(-9, 22);

  it.each([
    ['a PNG', png, 258, 772],
    ['a GIF', gif, 258, 772],
    ['a BMP whose first row is the top one', bmp, 7, 9],
    ['a PNG that is cut off', png.subarray(0, 23), 0, 0],
    ['anything else', Buffer.from('RIFF....WEBP....................'), 0, 0],
  ])('is that of the header of %s where the writer gave no numbers', (_, image, width, height) => {
    const changes = changesOf([[summary(0, picture('a', { tensor: strings('wide', '-3', image) }))]]);
    expect(changes[1]).toMatchObject({ width, height });
    const v1 = { tag: 'b', image: { width: -1, height: 5, encodedImageString: image } };
    expect(changesOf([[summary(0, v1)]])[1]).toMatchObject({ width, height });
  });

  it('is the declared one even if the header says another', () => {
    const changes = changesOf([[summary(0, picture('a', { tensor: strings('99', '77', png) }))]]);
    expect(changes[1]).toMatchObject({ width: 99, height: 77 });
  });
});

describe('a restart', () => {
  const first = [VERSION, { step: 0, sessionLog: START }, summary(1, picture('a')), summary(2, picture('a'))];

  it('is the second START of a run', () => {
    const changes = changesOf([[...first, { step: 2, sessionLog: START }]]);
    expect(changes.at(-1)).toEqual({ kind: 'restart', step: 2n });
    expect(kindsOf(changes)).toEqual(['series', 'image', 'image', 'restart']);
  });

  it('is the first START of a run in a later file than its first', () => {
    const changes = changesOf([
      [VERSION, summary(1, picture('a'))],
      [VERSION, { step: 1, sessionLog: START }],
    ]);
    expect(changes.at(-1)).toEqual({ kind: 'restart', step: 1n });
  });

  it('is not another status, nor a step that goes back', () => {
    const changes = changesOf([[...first, { step: 1, sessionLog: { status: 2 } }, summary(0, picture('a'))]]);
    expect(kindsOf(changes)).toEqual(['series', 'image', 'image', 'image']);
  });

  it('is a step that goes back, for the tags of that event, where the file has no version', () => {
    const changes = changesOf([
      [summary(5, picture('a')), summary(3, picture('a'), picture('b')), summary(4, picture('a'))],
    ]);
    expect(changes.filter((change) => (change as RunChange).kind === 'restart')).toEqual([
      { kind: 'restart', step: 3n, tags: ['a', 'b'] },
    ]);
  });

  it('is a step that goes back for files of version 1, and of a version that is not a number', () => {
    for (const fileVersion of ['brain.Event:1', 'brain.Event:two']) {
      const changes = changesOf([[{ fileVersion }, summary(5, picture('a')), summary(3, picture('a'))]]);
      expect(kindsOf(changes)).toContain('restart');
    }
  });
});

it('a run goes on from a state that was kept as JSON', () => {
  const events = [
    [VERSION, { step: 0, sessionLog: START }, summary(4, picture('a'))],
    [summary(3, picture('a', { metadata: undefined })), { step: 3, sessionLog: START }],
  ];
  const whole = changesOf(events);
  const before = new RunReading();
  const changes = changesOf([events[0] ?? []], before);
  const after = new RunReading(JSON.parse(JSON.stringify(before.state)) as typeof before.state);
  expect([...changes, ...changesOf([[], events[1] ?? []], after)]).toEqual(whole);
});
