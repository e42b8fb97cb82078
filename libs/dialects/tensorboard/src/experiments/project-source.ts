import type { Bus } from '@pentaprism/bus';
import {
  augmentationListContracts,
  imageContracts,
  sampleContracts,
  type AugmentationList,
  type ImageSeries,
  type LoggedRun,
  type Sample,
  type SampleSet,
} from '@pentaprism/contracts';
import { MAX_PAGE_SIZE } from '@pentaprism/domain';
import type { StoredContent } from '@pentaprism/http';
import { createHash } from 'node:crypto';
import type { ExperimentEvent, ExperimentSource, Revised } from './experiment-source.js';
import type { SampleSets } from './sample-sets.js';

/** The lists of a project and the sets that were made of them, at one moment. */
interface Shape {
  readonly revision: string;
  readonly lists: readonly AugmentationList[];
  readonly sets: readonly SampleSet[];
}

/**
 * The augmented images of a project: each augmentation list is a run, each original a tag, each finished request a step, and
 * each new image of the original a sample.
 */
export class ProjectSource implements ExperimentSource {
  readonly #bus: Bus;
  readonly #samples: SampleSets;
  readonly #workspace: string;
  readonly #projectId: string;
  readonly #options: { readonly context: { readonly workspace: string } };

  constructor(bus: Bus, samples: SampleSets, { workspace, projectId }: { workspace: string; projectId: string }) {
    this.#bus = bus;
    this.#samples = samples;
    this.#workspace = workspace;
    this.#projectId = projectId;
    this.#options = { context: { workspace } };
  }

  get location(): string {
    return `project ${this.#projectId}`;
  }

  async revision(): Promise<string> {
    const { revision } = await this.#shape();
    return revision;
  }

  async runs(): Promise<Revised<readonly LoggedRun[]>> {
    const { revision, lists } = await this.#shape();
    return { revision, value: runsOf(lists) };
  }

  async series(): Promise<Revised<readonly ImageSeries[]>> {
    const { revision, sets } = await this.#shape();
    const samples = await this.#samples.read(this.#workspace, sets);
    const counts = new Map<string, Map<string, number>>();
    for (const { id, listId } of sets) {
      const most = counts.get(listId) ?? new Map<string, number>();
      counts.set(listId, most);
      for (const [original, made] of byOriginal(samples.get(id) ?? []))
        most.set(original, Math.max(most.get(original) ?? 0, made.length));
    }
    const names = await this.#namesOf(new Set([...counts.values()].flatMap((most) => [...most.keys()])));
    const value = [...counts].flatMap(([runId, most]) =>
      [...most].map(([tag, count]) => ({
        ...{ id: `${runId} ${tag}`, runId, tag, samples: count },
        ...{ displayName: names.get(tag) ?? '', description: '' },
      })),
    );
    return { revision, value };
  }

  async events({ runId, tag }: ImageSeries): Promise<Revised<readonly ExperimentEvent[]>> {
    const { revision, sets } = await this.#shape();
    const ofRun = sets.filter(({ listId }) => listId === runId).toSorted((a, b) => a.number - b.number);
    const samples = await this.#samples.read(this.#workspace, ofRun);
    const value = ofRun.flatMap(({ id, number, createdAt }) => {
      const made = byOriginal(samples.get(id) ?? []).get(tag);
      const [{ width, height } = { width: 0, height: 0 }] = made ?? [];
      const images = (made ?? []).map(({ imageId }) => ({ eventId: imageId, sample: 0, content: null }));
      return made ? { step: String(number), wallTime: String(createdAt / 1000), width, height, images } : [];
    });
    return { revision, value };
  }

  async images(imageId: string): Promise<readonly StoredContent[]> {
    const found = await this.#bus.call(
      sampleContracts.getImage,
      { projectId: this.#projectId, imageId },
      this.#options,
    );
    const { sha256, size, mediaType } = found;
    return [{ area: 'samples', workspace: this.#workspace, sha256, size, mediaType }];
  }

  /** Reads lists and sets. The revision is a hash of them, because nothing counts their changes. */
  async #shape(): Promise<Shape> {
    const projectId = this.#projectId;
    const [lists, sets] = await Promise.all([
      allOf(async (offset) => {
        const page = await this.#bus.call(augmentationListContracts.list, { projectId, offset }, this.#options);
        return { items: page.lists, total: page.total };
      }),
      allOf(async (offset) => {
        const page = await this.#bus.call(sampleContracts.listSets, { projectId, offset }, this.#options);
        return { items: page.sets, total: page.total };
      }),
    ]);
    const parts = JSON.stringify([lists.map(({ id, name }) => [id, name]), sets]);
    return { revision: createHash('sha256').update(parts).digest('base64'), lists, sets: uniqueSets(sets) };
  }

  /** The file names of images, by their ids. */
  async #namesOf(ids: ReadonlySet<string>): Promise<Map<string, string>> {
    const names = new Map<string, string>();
    const left = [...ids];
    while (left.length > 0) {
      const request = { ids: left.splice(0, MAX_PAGE_SIZE) };
      const { contents } = await this.#bus.call(imageContracts.getContents, request, this.#options);
      for (const { imageId, fileName } of contents) names.set(imageId, fileName);
    }
    return names;
  }
}

/** A run for each list, oldest first. Names of lists can repeat, those of runs cannot. */
function runsOf(lists: readonly AugmentationList[]): LoggedRun[] {
  const taken = new Set<string>();
  return lists.map(({ id, name }) => {
    const own = taken.has(name) ? `${name} (${id})` : name;
    taken.add(own);
    return { id, name: own };
  });
}

/** The first set of each list and number. Sets from before they were counted all have the number 0. */
function uniqueSets(sets: readonly SampleSet[]): SampleSet[] {
  const found = new Map<string, SampleSet>();
  for (const set of sets) {
    const name = `${set.listId} ${set.number}`;
    if (!found.has(name)) found.set(name, set);
  }
  return [...found.values()];
}

/** The new images of each original, in their order. */
function byOriginal(samples: readonly Sample[]): Map<string, Sample[]> {
  const found = new Map<string, Sample[]>();
  for (const sample of samples) {
    const original = sample.originalImageId;
    if (original === null) continue;
    const made = found.get(original);
    if (made) made.push(sample);
    else found.set(original, [sample]);
  }
  return found;
}

async function allOf<T>(read: (offset: number) => Promise<{ items: readonly T[]; total: number }>): Promise<T[]> {
  const all: T[] = [];
  for (;;) {
    const { items, total } = await read(all.length);
    for (const item of items) all.push(item);
    if (items.length === 0 || all.length >= total) return all;
  }
}
