import type { FastifyRequest } from 'fastify';
import { LATEST, type Version } from './wire/versions.js';

/** Both generations below one path: each has an address for training and one for predictions. */
export const BASE = 'customvision';
export const V1_TRAINING = `${BASE}/v1.2/Training`;
export const V1_PREDICTION = `${BASE}/v1.1/Prediction`;
export const V2_PREDICTION = `${BASE}/v2.0/Prediction`;
export const V3_TRAINING = `${BASE}/v3.4-preview/training`;
export const V3_PREDICTION = `${BASE}/v3.1/prediction`;

interface Address {
  /** The version and the purpose, in lower case. */
  readonly pattern: RegExp;
  /** The address that serves them. */
  readonly base: string;
  /** The version of Training whose models are the ones of a version of Prediction. */
  readonly versions?: Readonly<Record<string, Version>>;
}

/** All addresses that are served. The first group of a pattern is the version, where answers depend on it. */
const ADDRESSES: readonly Address[] = [
  { pattern: /^v1\.[0-2]\/training$/, base: V1_TRAINING },
  { pattern: /^v1\.[01]\/prediction$/, base: V1_PREDICTION },
  { pattern: /^v(2\.[0-2])\/training$/, base: V3_TRAINING },
  { pattern: /^v(2\.[0-2])\/prediction$/, base: V2_PREDICTION },
  { pattern: /^v(3\.[0-4])(?:-preview)?\/training$/, base: V3_TRAINING },
  // Prediction v3.1 came with Training v3.3.
  { pattern: /^v(3\.[01])(?:-preview)?\/prediction$/, base: V3_PREDICTION, versions: { '3.0': '3.0', '3.1': '3.3' } },
];
const SERVED =
  'Training v1.0 to v1.2, v2.0 to v2.2 and v3.0 to v3.4-preview, and Prediction v1.0, v1.1, v2.0 to v2.2, v3.0 and v3.1';

/** All fixed segments behind the address; ids and names are left as they are. */
const SEGMENTS = new Set(
  (
    'account artifacts classify count detect domains export files id image images import iterations metadata nostore ' +
    'performance predictions projects publish query quicktest regionproposals regions suggested suggestions tagged ' +
    'tags tagsandregions train untagged url urls'
  ).split(' '),
);
/** After this one comes a name, whatever it looks like. */
const BEFORE_A_NAME = 'iterations';

/**
 * The spelling that routes are matched with. Clients write `Training` and `training`, any version from 3.0 to 3.4, and
 * two slashes in addresses that were put together by hand.
 */
export function canonicalUrl(url: string): string | undefined {
  const segments = segmentsOf(url);
  if (!segments) return undefined;
  const mark = url.indexOf('?');
  const query = mark === -1 ? '' : url.slice(mark);
  const [, version = '', purpose = '', ...rest] = segments;
  const address = addressOf(segments)?.base;
  const base = address ?? [BASE, version, purpose].filter((segment) => segment !== '').join('/');
  const canonical = rest.map((segment, i) => {
    const lower = segment.toLowerCase();
    return SEGMENTS.has(lower) && rest[i - 1]?.toLowerCase() !== BEFORE_A_NAME ? lower : segment;
  });
  return `/${[base, ...canonical].join('/')}${query}`;
}

/** Returns the version of the API that a request was sent to; the latest one for the addresses of v1. */
export function versionOf({ originalUrl }: Pick<FastifyRequest, 'originalUrl'>): Version {
  const segments = segmentsOf(originalUrl);
  const address = segments && addressOf(segments);
  const version = address?.pattern.exec(addressText(segments ?? []))?.[1];
  if (version === undefined) return LATEST;
  return address?.versions?.[version] ?? (version as Version);
}

/** Returns a sentence that lists the served versions if the URL is below none of them. */
export function unservedAddress(url: string): string | undefined {
  const segments = segmentsOf(url);
  if (!segments || addressOf(segments)) return undefined;
  return `There is nothing at this address. Served are ${SERVED}, below /${BASE}.`;
}

function segmentsOf(url: string): string[] | undefined {
  const path = url.split('?', 1)[0] ?? '';
  return /^\/+customvision(?:\/|$)/i.test(path) ? path.split('/').filter((segment) => segment !== '') : undefined;
}

function addressText([, version = '', purpose = '']: readonly string[]): string {
  return `${version}/${purpose}`.toLowerCase();
}

function addressOf(segments: readonly string[]): Address | undefined {
  const given = addressText(segments);
  return ADDRESSES.find(({ pattern }) => pattern.test(given));
}

/** Whether the pattern of a route, or a path, belongs to v1.2; what has no known version does not. */
export function isV1(path: string): boolean {
  return path.startsWith(`/${V1_TRAINING}`) || path.startsWith(`/${V1_PREDICTION}`);
}
