import type { ImageSeries, LoggedRun } from '@pentaprism/contracts';
import { Answer } from '../answer.js';
import { toPluginsListing, toRuns, toTags } from '../wire.js';
import type { ExperimentSource, Revised } from './experiment-source.js';
import type { IndexedRun } from './indexed-run.js';

/** Bytes that an index takes for each series, beside its names. */
const SERIES_BYTES = 500;

/** The names of an experiment, and what is answered of them. Names are keys of maps only, never of objects. */
export class ExperimentIndex {
  readonly runs: Answer;
  readonly tags: Answer;
  readonly pluginsListing: Answer;
  readonly #runs: ReadonlyMap<string, IndexedRun>;

  constructor(runs: readonly LoggedRun[], series: readonly ImageSeries[]) {
    const indexed = indexedRuns(runs, series);
    this.#runs = new Map(indexed.map((run) => [run.name, run]));
    this.runs = new Answer(toRuns(indexed));
    this.tags = new Answer(toTags(indexed));
    this.pluginsListing = new Answer(toPluginsListing(series.length > 0));
  }

  /** Reads the present state. Series of runs that have been added since the runs were read are left out. */
  static async read(source: ExperimentSource): Promise<Revised<ExperimentIndex>> {
    const { revision, value: runs } = await source.runs();
    const { value: series } = await source.series();
    return { revision, value: new ExperimentIndex(runs, series) };
  }

  /** Bytes that it takes, about. */
  get size(): number {
    const count = [...this.#runs.values()].reduce((sum, { series }) => sum + series.size, this.#runs.size);
    // The names are in the answers, and once more in the maps.
    return 2 * (this.runs.size + this.tags.size) + count * SERIES_BYTES;
  }

  find(run: string, tag: string): ImageSeries | undefined {
    return this.#runs.get(run)?.series.get(tag);
  }
}

function indexedRuns(runs: readonly LoggedRun[], series: readonly ImageSeries[]): IndexedRun[] {
  const byRun = new Map(runs.map(({ id }) => [id, new Map<string, ImageSeries>()]));
  for (const each of series.toSorted(byTag)) byRun.get(each.runId)?.set(each.tag, each);
  return runs.map(({ id, name }) => ({ name, series: byRun.get(id) ?? new Map() }));
}

function byTag(a: ImageSeries, b: ImageSeries): number {
  return a.tag < b.tag ? -1 : Number(a.tag > b.tag);
}
