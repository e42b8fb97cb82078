import type { LRUCache } from 'lru-cache';

/**
 * What was found before, or what `find` finds now; a failure is not kept. Keys hold the revision at which it was true:
 * what was found under one revision holds as long as that one is current. Promises, so that requests that come at once
 * share one search.
 */
export function remember<T>(cache: LRUCache<string, Promise<T>>, key: string, find: () => Promise<T>): Promise<T> {
  const known = cache.get(key);
  if (known) return known;
  const found = find();
  cache.set(key, found);
  found.catch(() => cache.delete(key));
  return found;
}
