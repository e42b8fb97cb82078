import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES } from '@pentaprism/domain';
import { DIALECTS, dialectOf } from './dialects.js';

describe('dialectOf', () => {
  it.each([
    ['/v1', 'tagged-images'],
    ['/v1/', 'tagged-images'],
    ['/v1?x=/keys', 'tagged-images'],
    ['/v1/images/5?limit=1', 'tagged-images'],
    ['/v1/../keys', 'tagged-images'],
    ['/keys', 'admin'],
    ['/keys/v1', 'admin'],
    ['/files/a/b?x', 'admin'],
    ['/health/ready', 'admin'],
    ['/docs/tagged-images/openapi.json', 'admin'],
    ['/v1x', 'admin'],
    ['/v11/images', 'admin'],
    ['/V1/images', 'admin'],
    ['//v1/images', 'admin'],
    ['/x/v1/images', 'admin'],
    ['/', 'admin'],
    ['', 'admin'],
    ['?/v1', 'admin'],
  ])('%j belongs to %s', (url, name) => {
    expect(dialectOf(url).name).toBe(name);
  });

  it('has no two dialects with one name or one path', () => {
    const names = DIALECTS.map(({ name }) => name);
    const paths = DIALECTS.flatMap(({ basePaths }) => basePaths);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(paths).size).toBe(paths.length);
  });
});

describe.each(DIALECTS.map((dialect) => [dialect.name, dialect] as const))('%s', (_name, dialect) => {
  it('has a status of failure for every error code', () => {
    expect(Object.keys(dialect.statuses).sort()).toEqual([...ERROR_CODES].sort());
    for (const status of Object.values(dialect.statuses)) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(600);
    }
    expect(dialect.statuses.UNAUTHENTICATED).toBe(401);
    expect(dialect.statuses.NOT_FOUND).toBe(404);
  });

  it('has base paths without a slash at the end', () => {
    for (const path of dialect.basePaths) expect(path).toMatch(/^(?:\/[\w.-]+)+$/);
  });
});
