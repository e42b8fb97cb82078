import type { FastifyRequest } from 'fastify';

/** The base of the frontend's requests, and those of what is served beside it. */
export const DATA_BASE = 'data';
export const EXPERIMENT_BASE = 'experiment';
export const PAGE_BASE = 'tensorboard';

/** Characters of an experiment id as it is written in a URL. A longer one is the address of nothing. */
export const MAX_EXPERIMENT_ID = 500;

/** A path below `/data` in one of its spellings, with or without the scheme and host of a request to a proxy. */
const ADDRESS = new RegExp(
  `^(?:[A-Za-z]+://[^/?#]*)?(?:/${PAGE_BASE})?(?:/${EXPERIMENT_BASE}/([^/?#]{0,${MAX_EXPERIMENT_ID}}))?(/${DATA_BASE}(?:[/?].*)?)$`,
  's',
);

/**
 * Returns the address below `/data` for those that the page uses: `/tensorboard/data/…`, `/experiment/<id>/data/…` and
 * `/tensorboard/experiment/<id>/data/…`. An id is any text, also an empty one, so that no route can match it.
 */
export function canonicalUrl(url: string): string | undefined {
  return ADDRESS.exec(url)?.[2];
}

/** Returns the experiment id as the client wrote it, which is empty where the address has none. */
export function experimentIdOf({ originalUrl }: Pick<FastifyRequest, 'originalUrl'>): string {
  return ADDRESS.exec(originalUrl)?.[1] ?? '';
}
