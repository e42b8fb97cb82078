/** Both generations below one path: each has an address for training and one for predictions. */
export const BASE = 'customvision';
export const V1_TRAINING = `${BASE}/v1.2/Training`;
export const V1_PREDICTION = `${BASE}/v1.1/Prediction`;
export const V3_TRAINING = `${BASE}/v3.4-preview/training`;
export const V3_PREDICTION = `${BASE}/v3.1/prediction`;

/** The versions of both generations, in lower case, and the addresses that serve them. */
const ADDRESSES: readonly (readonly [RegExp, string])[] = [
  [/^v1\.2\/training$/, V1_TRAINING],
  [/^v1\.1\/prediction$/, V1_PREDICTION],
  [/^v3\.[0-4](?:-preview)?\/training$/, V3_TRAINING],
  [/^v3\.[01](?:-preview)?\/prediction$/, V3_PREDICTION],
];

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
 * two slashes where somebody put an address together by hand.
 */
export function canonicalUrl(url: string): string | undefined {
  const mark = url.indexOf('?');
  const path = mark === -1 ? url : url.slice(0, mark);
  if (!/^\/+customvision(?:\/|$)/i.test(path)) return undefined;
  const query = mark === -1 ? '' : url.slice(mark);
  const [, version = '', purpose = '', ...rest] = path.split('/').filter((segment) => segment !== '');
  const given = `${version}/${purpose}`.toLowerCase();
  const address = ADDRESSES.find(([pattern]) => pattern.test(given))?.[1];
  const base = address ?? [BASE, version, purpose].filter((segment) => segment !== '').join('/');
  const segments = rest.map((segment, i) => {
    const lower = segment.toLowerCase();
    return SEGMENTS.has(lower) && rest[i - 1]?.toLowerCase() !== BEFORE_A_NAME ? lower : segment;
  });
  return `/${[base, ...segments].join('/')}${query}`;
}

/** Whether the pattern of a route, or a path, belongs to v1.2; what has no known version does not. */
export function isV1(path: string): boolean {
  return path.startsWith(`/${V1_TRAINING}`) || path.startsWith(`/${V1_PREDICTION}`);
}
