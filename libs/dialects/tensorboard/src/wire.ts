import { queryOf } from './blob-key.js';
import type { ExperimentEvent } from './experiments/experiment-source.js';
import type { IndexedRun } from './experiments/indexed-run.js';

const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/;

/** Media types that are said. All else, such as SVG or WebP, is bytes. */
const SHOWN_MEDIA_TYPES: ReadonlySet<string> = new Set(['image/png', 'image/jpeg', 'image/gif', 'image/bmp']);
const OTHER_MEDIA_TYPE = 'application/octet-stream';

/** What the frontend has to know of the dashboard of images, without whether there are any. */
const IMAGES_PLUGIN = {
  disable_reload: false,
  remove_dom: false,
  tab_name: 'images',
  loading_mechanism: { type: 'CUSTOM_ELEMENT', element_name: 'tf-image-dashboard' },
};

export function toRuns(runs: readonly IndexedRun[]): string {
  return JSON.stringify(runs.map(({ name }) => name));
}

export function toPluginsListing(enabled: boolean): string {
  return JSON.stringify({ images: { enabled, ...IMAGES_PLUGIN } });
}

/** Writes `{run: {tag: …}}`. By hand, because a name can be that of a property which all objects have. */
export function toTags(runs: readonly IndexedRun[]): string {
  const objects = runs.map(({ name, series }) => {
    const tags = [...series.values()].map(({ tag, displayName, description, samples }) =>
      member(tag, JSON.stringify({ displayName, description, samples })),
    );
    return member(name, `{${tags.join()}}`);
  });
  return `{${objects.join()}}`;
}

/** Writes the events that have more than `sample` images. By hand, because steps have 64 bits. */
export function toImageList(events: readonly ExperimentEvent[], sample: number): string {
  const objects = events.flatMap(({ wallTime, step, width, height, images }) => {
    const image = images[sample];
    if (!image) return [];
    const query = JSON.stringify(queryOf(image));
    const time = NUMBER.test(wallTime) ? wallTime : JSON.stringify(wallTime);
    return `{"wall_time":${time},"step":${step},"query":${query},"width":${width},"height":${height}}`;
  });
  return `[${objects.join()}]`;
}

export function toMediaType(mediaType: string): string {
  return SHOWN_MEDIA_TYPES.has(mediaType) ? mediaType : OTHER_MEDIA_TYPE;
}

function member(name: string, json: string): string {
  return `${JSON.stringify(name)}:${json}`;
}
