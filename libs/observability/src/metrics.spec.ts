import { describe, expect, it } from '@jest/globals';
import { measure, registry } from './metrics.js';

describe('measure', () => {
  it('reads the figure whenever metrics are collected, of whatever was given last', async () => {
    let value = 3;
    measure('test_value', 'A value', () => 1);
    measure('test_value', 'A value', () => value);
    expect(await registry.metrics()).toContain('\ntest_value 3\n');
    value = 4;
    expect(await registry.metrics()).toContain('\ntest_value 4\n');
  });
});
