import { customVisionDialect } from '@pentaprism/dialect-custom-vision';
import { datarobotDialect } from '@pentaprism/dialect-datarobot';
import { filtersDialect } from '@pentaprism/dialect-filters';
import { taggedImagesDialect } from '@pentaprism/dialect-tagged-images';
import { tensorboardDialect } from '@pentaprism/dialect-tensorboard';
import type { Dialect } from '@pentaprism/http';
import { adminDialect } from './admin/admin.dialect.js';

/** What this gateway speaks. */
export const DIALECTS: readonly Dialect[] = [
  taggedImagesDialect,
  customVisionDialect,
  datarobotDialect,
  filtersDialect,
  tensorboardDialect,
  adminDialect,
];

const BY_PREFIX = DIALECTS.flatMap((dialect) => dialect.basePaths.map((prefix) => ({ prefix, dialect }))).sort(
  (a, b) => b.prefix.length - a.prefix.length,
);

/**
 * The dialect of a route by its pattern; what belongs to none is answered by the gateway's own API. Never call it with the
 * URL of a request that the router has read: the two could read it differently.
 */
export function dialectOf(url: string): Dialect {
  const path = url.split('?', 1)[0] ?? '';
  const match = BY_PREFIX.find(({ prefix }) => path === prefix || path.startsWith(`${prefix}/`));
  return match?.dialect ?? adminDialect;
}

/** The one spelling of a URL that routes, keys and errors are told by, where its dialect knows several. */
export function canonicalUrl(url: string): string {
  for (const dialect of DIALECTS) {
    const canonical = dialect.canonicalUrl?.(url);
    if (canonical !== undefined) return canonical;
  }
  return url;
}
