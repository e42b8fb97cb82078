import { describe, expect, it } from '@jest/globals';
import { AllowedMethods } from './allowed-methods.js';

describe('AllowedMethods', () => {
  const allowed = new AllowedMethods();
  allowed.add('/v1/images', 'GET');
  allowed.add('/v1/images/', ['POST', 'OPTIONS']);
  allowed.add('/v1/images/:id', ['GET', 'HEAD']);
  allowed.add('/v1/images/latest', 'POST');
  allowed.add('/files/*', 'PUT');
  allowed.add('*', 'OPTIONS');
  allowed.add('/*', 'OPTIONS');

  it.each([
    ['/v1/images', ['GET', 'POST']],
    ['/v1/images/', ['GET', 'POST']],
    ['/v1/images/7', ['GET', 'HEAD']],
    ['/v1/images/latest', ['GET', 'HEAD', 'POST']],
    ['/files/a/b', ['PUT']],
    ['/files/', []],
    ['/files', []],
    ['/v1/images//', []],
    ['/v1/images/7/file', []],
    ['/v1/image', []],
    ['/v1', []],
    ['/', []],
  ])('%s takes %j', (path, methods) => {
    expect(allowed.of(path)).toEqual(methods);
  });

  it.each([
    ['/v1/images/latest', '/v1/images/:id', ['POST']],
    ['/v1/images/latest/', '/v1/images/:id', ['POST']],
    ['/v1/images/latest', '/v1/images/latest', []],
    ['/v1/images/7', '/v1/images/:id', []],
    ['/files/a/b', '/files/*', []],
  ])('%s, which matched %s, is a better match of routes with %j', (path, matched, methods) => {
    expect(allowed.ofBetter(path, matched)).toEqual(methods);
  });
});
