import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import {
  augmentationListContracts,
  imageContracts,
  sampleContracts,
  type AugmentationList,
  type Sample,
  type SampleSet,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { idOf } from '../event-logs.fixture.js';
import { ProjectSource } from './project-source.js';
import { SampleSets } from './sample-sets.js';

const [PROJECT, LIST, OTHER_LIST, ORIGINAL, OTHER] = [1, 2, 3, 4, 5].map(idOf) as [
  string,
  string,
  string,
  string,
  string,
];

/** Augmentation and catalog, with pages of two. */
class StandInServices {
  lists: AugmentationList[] = [];
  sets: SampleSet[] = [];
  readonly samples = new Map<string, Sample[]>();
  readonly calls: string[] = [];

  readonly bus = {
    call: async ({ subject }: { subject: string }, request: Record<string, never>, options: unknown) => {
      expect(options).toEqual({ context: { workspace: 'clinic' } });
      this.calls.push(subject);
      return this.#answer(subject, request);
    },
  } as unknown as Bus;

  addList(id: string, name: string): void {
    this.lists.push({ id, name } as AugmentationList);
  }

  /** Adds a set: each original with the numbers of its new images. */
  addSet(number: number, listId: string, made: Readonly<Record<string, readonly number[]>>): void {
    const samples = Object.entries(made).flatMap(([original, numbers]) => [
      { imageId: original, originalImageId: null },
      ...numbers.map((each) => ({ imageId: idOf(each), originalImageId: original })),
    ]);
    const id = idOf(1000 + this.sets.length);
    this.samples.set(
      id,
      samples.map((sample) => ({ ...sample, projectId: PROJECT, width: 20, height: 10 })),
    );
    this.sets.push({ id, listId, number, createdAt: 1_700_000_000_500 + number, count: samples.length });
  }

  #answer(subject: string, { offset = 0, samplesId = '', imageId = '', ids = [] }): unknown {
    const page = <T>(items: readonly T[]) => ({ items: items.slice(offset, offset + 2), total: items.length });
    switch (subject) {
      case augmentationListContracts.list.subject: {
        const { items: lists, total } = page(this.lists);
        return { lists, total };
      }
      case sampleContracts.listSets.subject: {
        const { items: sets, total } = page(this.sets);
        return { sets, total };
      }
      case sampleContracts.list.subject: {
        const samples = this.samples.get(samplesId);
        if (!samples) throw new DomainError('NOT_FOUND', 'There is no such set of samples.');
        return { samplesId, samples, total: samples.length };
      }
      case sampleContracts.getImage.subject:
        return { imageId, sha256: 'a'.repeat(64), size: 5, mediaType: 'image/jpeg' };
      case imageContracts.getContents.subject:
        return {
          contents: (ids as string[]).map((each) => ({ imageId: each, fileName: `${Number(`0x${each}`)}.png` })),
        };
      default:
        throw new Error(`nobody answers ${subject}`);
    }
  }
}

let services: StandInServices;
let source: ProjectSource;
beforeEach(() => {
  services = new StandInServices();
  services.addList(LIST, 'flips');
  services.addList(OTHER_LIST, 'flips');
  services.addList(idOf(6), 'never used');
  services.addSet(1, LIST, { [ORIGINAL]: [21], [OTHER]: [22] });
  services.addSet(1, OTHER_LIST, { [OTHER]: [] });
  services.addSet(2, LIST, { [ORIGINAL]: [23, 24] });
  source = new ProjectSource(services.bus, new SampleSets(services.bus), { workspace: 'clinic', projectId: PROJECT });
});

describe('a project as an experiment', () => {
  it('shows each augmentation list as a run with a name of its own', async () => {
    const { value } = await source.runs();
    expect(value).toEqual([
      { id: LIST, name: 'flips' },
      { id: OTHER_LIST, name: `flips (${OTHER_LIST})` },
      { id: idOf(6), name: 'never used' },
    ]);
  });

  it('shows each original as a tag with the largest number of its new images', async () => {
    const { value } = await source.series();
    expect(value.map(({ runId, tag, displayName, samples }) => [runId, tag, displayName, samples])).toEqual([
      [LIST, ORIGINAL, '4.png', 2],
      [LIST, OTHER, '5.png', 1],
    ]);
  });

  it('shows each finished request as a step', async () => {
    const [series] = (await source.series()).value;
    const { value } = await source.events(series as never);
    expect(value.map(({ step, wallTime, width, height }) => [step, wallTime, width, height])).toEqual([
      ['1', '1700000000.501', 20, 10],
      ['2', '1700000000.502', 20, 10],
    ]);
    expect(value.map(({ images }) => images.map(({ eventId, sample }) => [eventId, sample]))).toEqual([
      [[idOf(21), 0]],
      [
        [idOf(23), 0],
        [idOf(24), 0],
      ],
    ]);
  });

  it('shows one of several requests that have no number', async () => {
    services.addSet(0, OTHER_LIST, { [ORIGINAL]: [31] });
    services.addSet(0, OTHER_LIST, { [ORIGINAL]: [32, 33] });
    const series = (await source.series()).value.find(({ runId }) => runId === OTHER_LIST);
    expect(series).toMatchObject({ tag: ORIGINAL, samples: 1 });
    const { value } = await source.events(series as never);
    expect(value.map(({ step, images }) => [step, images.map(({ eventId }) => eventId)])).toEqual([['0', [idOf(31)]]]);
  });

  it('reads where an image is when it is requested', async () => {
    expect(await source.images(idOf(21))).toEqual([
      { area: 'samples', workspace: 'clinic', sha256: 'a'.repeat(64), size: 5, mediaType: 'image/jpeg' },
    ]);
  });

  it('has another revision after each change of what it shows', async () => {
    const revisions = [await source.revision(), await source.revision()];
    expect(new Set(revisions).size).toBe(1);
    services.addSet(3, LIST, { [OTHER]: [25] });
    revisions.push(await source.revision());
    services.lists = services.lists.map((list) => ({ ...list, name: `${list.name}!` }));
    revisions.push(await source.revision());
    services.sets = services.sets.map((set) => ({ ...set, count: set.count - 1 }));
    revisions.push(await source.revision());
    expect(new Set(revisions).size).toBe(4);
  });

  it('reads the samples of a set once, and takes a removed set for an empty one', async () => {
    await source.series();
    await source.series();
    const reads = () => services.calls.filter((subject) => subject === sampleContracts.list.subject).length;
    expect(reads()).toBe(3);
    services.addSet(3, OTHER_LIST, { [ORIGINAL]: [26] });
    services.samples.delete(services.sets.at(-1)?.id ?? '');
    expect((await source.series()).value).toHaveLength(2);
    expect(reads()).toBe(4);
  });
});
