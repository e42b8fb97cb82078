import type { ImageSeries, LoggedRun } from '@pentaprism/contracts';
import type { StoredContent } from '@pentaprism/http';

/** What was read, and the revision of the experiment that it is of. */
export interface Revised<T> {
  /** Changes with each change of what the experiment shows. */
  readonly revision: string;
  readonly value: T;
}

/** An event of a series. Its images are in the order of their samples. */
export interface ExperimentEvent {
  /** In decimal. */
  readonly step: string;
  /** Seconds since the Unix epoch, as `String(number)` writes them, or `-0`. */
  readonly wallTime: string;
  readonly width: number;
  readonly height: number;
  readonly images: readonly ExperimentImage[];
}

export interface ExperimentImage {
  /** The event and the sample that name the image in its query. */
  readonly eventId: string;
  readonly sample: number;
  /** Null where it is read when the image is requested. */
  readonly content: StoredContent | null;
}

/** The runs of an experiment, their tags and their images, wherever they are recorded. */
export interface ExperimentSource {
  /** The name of the place that it shows, for people. */
  readonly location: string;
  /** Returns the present revision. */
  revision(): Promise<string>;
  /** Returns the runs in the order in which they are shown. */
  runs(): Promise<Revised<readonly LoggedRun[]>>;
  /** Returns the series of all runs, in no order. */
  series(): Promise<Revised<readonly ImageSeries[]>>;
  /**
   * Returns the events of a series by their step.
   * @throws DomainError NOT_FOUND
   */
  events(series: ImageSeries): Promise<Revised<readonly ExperimentEvent[]>>;
  /**
   * Returns the images of an event in the order of their samples.
   * @throws DomainError NOT_FOUND for an event of another experiment, too
   */
  images(eventId: string): Promise<readonly StoredContent[]>;
}

/** What a request shows. */
export interface Experiment {
  /** Identifies the experiment among those of all workspaces. */
  readonly key: string;
  readonly source: ExperimentSource;
}
