import { describe, expect, it } from '@jest/globals';
import { canonicalUrl, experimentIdOf, MAX_EXPERIMENT_ID } from './addresses.js';

const LONGEST = 'x'.repeat(MAX_EXPERIMENT_ID);

describe('canonicalUrl', () => {
  it.each([
    ['/data/runs', '/data/runs', ''],
    ['/data/runs/?x=/experiment/a/data/runs', '/data/runs/?x=/experiment/a/data/runs', ''],
    ['/experiment/defaultExperimentId/data/runs', '/data/runs', 'defaultExperimentId'],
    ['/experiment//data/runs', '/data/runs', ''],
    ['/experiment/a%2Fb/data/plugin/images/tags?x=1', '/data/plugin/images/tags?x=1', 'a%2Fb'],
    ['/experiment/%zz/data/runs', '/data/runs', '%zz'],
    ['/experiment/data/data/runs', '/data/runs', 'data'],
    ['/experiment/__proto__/data/runs', '/data/runs', '__proto__'],
    [`/experiment/${LONGEST}/data/runs`, '/data/runs', LONGEST],
    ['/tensorboard/data/runs', '/data/runs', ''],
    ['/tensorboard/experiment/a/data/runs', '/data/runs', 'a'],
    ['http://x/tensorboard/experiment/a/data/runs', '/data/runs', 'a'],
    ['/data', '/data', ''],
    ['/data?x', '/data?x', ''],
  ])('writes %s as %s', (url, canonical, id) => {
    expect(canonicalUrl(url)).toBe(canonical);
    expect(experimentIdOf({ originalUrl: url })).toBe(id);
  });

  it.each([
    '/',
    '/datax/runs',
    '/Data/runs',
    '/Experiment/a/data/runs',
    '/experiment/data/runs',
    '/experiment/a/b/data/runs',
    '/experiment/a/tensorboard/data/runs',
    '/tensorboard',
    '/tensorboard/',
    '/tensorboard/problems',
    '/tensorboard/experiment/a/index.js',
    '/tensorboard/tensorboard/data/runs',
    '/v1/data/runs',
    '/x?/data/runs',
    `/experiment/${LONGEST}x/data/runs`,
  ])('leaves %s to others', (url) => {
    expect(canonicalUrl(url)).toBeUndefined();
    expect(experimentIdOf({ originalUrl: url })).toBe('');
  });
});
