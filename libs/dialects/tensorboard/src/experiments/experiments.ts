import { Injectable, Logger, type OnModuleDestroy } from '@nestjs/common';
import { Bus, watchSignal } from '@pentaprism/bus';
import { eventLogChanged, projectContracts, type ImageSeries } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { principalOf } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { experimentIdOf } from '../addresses.js';
import { Answer } from '../answer.js';
import { EventLogSource } from './event-log-source.js';
import { ExperimentIndex } from './experiment-index.js';
import type { Experiment } from './experiment-source.js';
import { ImagePlaces } from './image-places.js';
import { KEPT_MS, KeptReads } from './kept-reads.js';
import { ProjectSource } from './project-source.js';
import { SampleSets } from './sample-sets.js';
import { SeriesEvents } from './series-events.js';

const PROJECT_ID = /^[0-9a-f]{24}$/;
/** Answers that are kept whether a workspace has a project. */
const KEPT_PROJECTS = 10_000;
/** Warnings that are not repeated. */
const KEPT_WARNINGS = 1000;

/** The experiments that requests show. What was answered of them is kept while they stay the same. */
@Injectable()
export class Experiments implements OnModuleDestroy {
  readonly #bus: Bus;
  readonly #places: ImagePlaces;
  readonly #reads = new KeptReads();
  readonly #samples: SampleSets;
  /** By workspace and id. */
  readonly #projects = new LRUCache<string, boolean, { workspace: string; id: string }>({
    ...{ max: KEPT_PROJECTS, ttl: KEPT_MS },
    fetchMethod: (_key, _stale, { context }) => this.#hasProject(context),
  });
  readonly #logger = new Logger(Experiments.name);
  readonly #warnings = new LRUCache<string, true>({ max: KEPT_WARNINGS });
  readonly #unwatch: () => void;

  constructor(bus: Bus, places: ImagePlaces) {
    this.#bus = bus;
    this.#places = places;
    this.#samples = new SampleSets(bus);
    this.#unwatch = watchSignal(bus.connection, eventLogChanged, ({ workspace }) => {
      this.#reads.expire(eventLogKey(workspace));
    });
  }

  onModuleDestroy(): void {
    this.#unwatch();
  }

  /** Returns the experiment that a request shows: a project of its workspace, or else the event logs of the workspace. */
  async of(request: FastifyRequest): Promise<Experiment> {
    const { workspace } = principalOf(request);
    const id = experimentIdOf(request);
    if (PROJECT_ID.test(id) && (await this.#projects.fetch(`${workspace} ${id}`, { context: { workspace, id } }))) {
      const source = new ProjectSource(this.#bus, this.#samples, { workspace, projectId: id });
      return { key: `project ${id} of ${workspace}`, source };
    }
    return {
      key: eventLogKey(workspace),
      source: new EventLogSource(this.#bus, workspace, (problem) => this.#warn(problem)),
    };
  }

  index(experiment: Experiment): Promise<ExperimentIndex> {
    const read = () => ExperimentIndex.read(experiment.source);
    return this.#reads.get(experiment, { name: 'index', read, size: ({ size }) => size });
  }

  /**
   * Returns the list of the images with one number of all events of a series.
   * @throws DomainError NOT_FOUND
   */
  async imageList(experiment: Experiment, run: string, tag: string, sample: number): Promise<Answer> {
    const index = await this.index(experiment);
    const series = index.find(run, tag);
    if (!series) throw new DomainError('NOT_FOUND', `Not found: No image data for run='${run}', tag='${tag}'`);
    if (sample >= series.samples) return new Answer('[]');
    const events = await this.#events(experiment, series);
    return events.list(sample, (images) => this.#places.add(experiment, images));
  }

  #events(experiment: Experiment, series: ImageSeries): Promise<SeriesEvents> {
    const read = async () => {
      const { revision, value } = await experiment.source.events(series);
      return { revision, value: new SeriesEvents(value) };
    };
    return this.#reads.get(experiment, { name: `events ${series.id}`, read, size: ({ size }) => size });
  }

  #warn(problem: string): void {
    if (this.#warnings.has(problem)) return;
    this.#warnings.set(problem, true);
    this.#logger.warn(problem);
  }

  async #hasProject({ workspace, id }: { workspace: string; id: string }): Promise<boolean> {
    try {
      await this.#bus.call(projectContracts.get, { id }, { context: { workspace } });
      return true;
    } catch (error) {
      if (DomainError.is(error, 'NOT_FOUND')) return false;
      throw error;
    }
  }
}

function eventLogKey(workspace: string): string {
  return `logs of ${workspace}`;
}
