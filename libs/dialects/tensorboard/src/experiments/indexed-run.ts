import type { ImageSeries } from '@pentaprism/contracts';

/** A run and its series by their tags, in the order of the tags. */
export interface IndexedRun {
  readonly name: string;
  readonly series: ReadonlyMap<string, ImageSeries>;
}
