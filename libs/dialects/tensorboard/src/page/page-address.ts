import type { FastifyRequest } from 'fastify';
import { EXPERIMENT_BASE, MAX_EXPERIMENT_ID, PAGE_BASE } from '../addresses.js';

const ORIGIN = /^[A-Za-z]+:\/\/[^/?#]*/;
/** The page of an experiment, or a file beside it. */
const OF_EXPERIMENT = new RegExp(
  `^/${PAGE_BASE}/${EXPERIMENT_BASE}/(?!$|\\?)[^/?#]{0,${MAX_EXPERIMENT_ID}}(/[^?]*)?(\\?.*)?$`,
  's',
);
const PAGE = `/${PAGE_BASE}`;
/** What is beside the page and belongs to no experiment. */
const WITHOUT_EXPERIMENT: ReadonlySet<string> = new Set(['runs', 'problems']);

/**
 * Returns the address of the same file below `/tensorboard` for an address below `/tensorboard/experiment/<id>`. An id is
 * any text, also an empty one or one that cannot be decoded, so that no route can match it. Pushing and problems are not
 * there.
 */
export function canonicalPageUrl(url: string): string | undefined {
  const match = OF_EXPERIMENT.exec(url.replace(ORIGIN, ''));
  if (!match) return undefined;
  const [, path = '', query = ''] = match;
  return WITHOUT_EXPERIMENT.has(firstSegment(path)) ? undefined : `${PAGE}${path}${query}`;
}

/** Where the page is, as its client addresses it. */
export interface PageAddress {
  /** A relative URL from the page to `/tensorboard/`. Relative, because a proxy may put a prefix before it. */
  readonly root: './' | '../../';
  /** A relative URL from an address without its slash at the end to the one with it, where relative URLs work. */
  readonly redirect?: string;
}

/** Returns where the page is for a request of `/tensorboard` in any spelling. */
export function pageAddressOf({ originalUrl }: Pick<FastifyRequest, 'originalUrl'>): PageAddress {
  const [path = '', query] = splitOnce(originalUrl.replace(ORIGIN, ''), '?');
  const root = OF_EXPERIMENT.test(path) ? '../../' : './';
  const canonical = canonicalPageUrl(path) ?? path;
  if (path.endsWith('/') || canonical !== PAGE) return { root };
  const segment = path.slice(path.lastIndexOf('/') + 1);
  // The dot keeps a colon in the segment from being read as the end of a scheme.
  return { root, redirect: `./${segment}/${query === undefined ? '' : `?${query}`}` };
}

/** Returns the segment as the router decodes it. */
function firstSegment(path: string): string {
  const segment = path.split('/')[1] ?? '';
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

function splitOnce(text: string, separator: string): [string, string?] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + separator.length)];
}
