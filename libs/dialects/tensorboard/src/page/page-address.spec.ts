import { describe, expect, it } from '@jest/globals';
import { canonicalPageUrl, pageAddressOf } from './page-address.js';

describe('canonicalPageUrl', () => {
  it.each([
    ['/tensorboard/experiment/a/', '/tensorboard/'],
    ['/tensorboard/experiment/a', '/tensorboard'],
    ['/tensorboard/experiment/a?x=/y', '/tensorboard?x=/y'],
    ['/tensorboard/experiment/a/index.js?_file_hash=1', '/tensorboard/index.js?_file_hash=1'],
    ['/tensorboard/experiment//font-roboto/x.woff2', '/tensorboard/font-roboto/x.woff2'],
    ['/tensorboard/experiment/%zz/index.js', '/tensorboard/index.js'],
    ['http://x/tensorboard/experiment/a/', '/tensorboard/'],
    ['/tensorboard/experiment/runs/runs.js', '/tensorboard/runs.js'],
  ])('rewrites %s to %s', (url, canonical) => {
    expect(canonicalPageUrl(url)).toBe(canonical);
  });

  it.each([
    '/tensorboard/',
    '/tensorboard/index.js',
    '/tensorboard/experiment',
    '/tensorboard/experiment/',
    '/tensorboard/experiment/?x',
    '/tensorboard/experiment/a/runs',
    '/tensorboard/experiment/a/runs/file?run=a&file=b',
    '/tensorboard/experiment/a/%72uns/file',
    '/tensorboard/experiment/a/problems?x',
    '/x/tensorboard/experiment/a/',
    '/experiment/a/',
    `/tensorboard/experiment/${'x'.repeat(501)}/`,
  ])('does not rewrite %s', (url) => {
    expect(canonicalPageUrl(url)).toBeUndefined();
  });
});

describe('pageAddressOf', () => {
  it.each([
    ['/tensorboard/', './'],
    ['/tensorboard/index.html?x', './'],
    ['/tensorboard/experiment/a/', '../../'],
    ['/tensorboard/experiment//', '../../'],
    ['/tensorboard/experiment/a/index.html', '../../'],
  ])('gives %s the root %s, without a redirect', (originalUrl, root) => {
    expect(pageAddressOf({ originalUrl })).toEqual({ root });
  });

  it.each([
    ['/tensorboard', 'tensorboard/'],
    ['/tensorboard?x=1', 'tensorboard/?x=1'],
    ['http://x/tensorboard', 'tensorboard/'],
    ['/tensorboard/experiment/a', 'tensorboard/experiment/a/'],
    ['/tensorboard/experiment/a:b', 'tensorboard/experiment/a:b/'],
    ['/tensorboard/experiment/a%2F%2Fb', 'tensorboard/experiment/a%2F%2Fb/'],
  ])('redirects %s to the address with a slash, also below a prefix', (originalUrl, target) => {
    const { redirect = '' } = pageAddressOf({ originalUrl });
    const path = originalUrl.replace('http://x', '');
    for (const prefix of ['', '/proxy/8080'])
      expect(new URL(redirect, `http://x${prefix}${path}`).href).toBe(`http://x${prefix}/${target}`);
  });
});
