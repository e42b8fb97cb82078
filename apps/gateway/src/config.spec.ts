import { describe, expect, it } from '@jest/globals';
import { readConfig } from '@pentaprism/config';
import { gatewayConfig, requestLimitMs } from './config.js';

const needed = { NATS_URL: 'nats://x', BLOB_URL: 'file:///x', SIGNING_SECRETS: 's'.repeat(32) };
const read = (environment: Record<string, string>) => readConfig(gatewayConfig, { ...needed, ...environment });

describe('gatewayConfig', () => {
  it.each(['127.0.0.1', '127.1.2.3', 'localhost', '::1', '[::1]'])(
    'opens the dialects that ask for no key while HOST is %s',
    (HOST) => {
      expect(read({ HOST }).OPEN_DIALECTS).toEqual(['tensorboard', 'tagged-images']);
    },
  );

  it.each(['0.0.0.0', '::', '192.168.1.5', 'images.example', 'localhost.example', '127.0.0.1.example', '1127.0.0.1'])(
    'opens none while HOST is %s',
    (HOST) => {
      expect(read({ HOST }).OPEN_DIALECTS).toEqual([]);
    },
  );

  it('opens what it is told to, on any address', () => {
    expect(read({ HOST: '0.0.0.0', OPEN_DIALECTS: 'datarobot, filters' }).OPEN_DIALECTS).toEqual([
      'datarobot',
      'filters',
    ]);
    expect(read({ OPEN_DIALECTS: 'custom-vision' }).OPEN_DIALECTS).toEqual(['custom-vision']);
    expect(read({ OPEN_DIALECTS: ',' }).OPEN_DIALECTS).toEqual([]);
    expect(read({ OPEN_DIALECTS: 'none' }).OPEN_DIALECTS).toEqual([]);
  });

  it.each(['tagged-image', 'admin', 'all', 'tagged-images,*', 'none,filters'])(
    'refuses to open %s',
    (OPEN_DIALECTS) => {
      expect(() => read({ OPEN_DIALECTS })).toThrow(/OPEN_DIALECTS.*tagged-images/);
    },
  );

  it.each(['NATS_URL', 'BLOB_URL', 'SIGNING_SECRETS'])('does not start without %s', (name) => {
    expect(() => read({ [name]: '' })).toThrow(name);
  });
});

describe('requestLimitMs', () => {
  it('gives the largest dataset the time that it takes at 1 MiB per second', () => {
    expect(requestLimitMs(read({}))).toBe(5120 * 1000);
    expect(requestLimitMs(read({ MAX_DATASET_BYTES: String(50 * 1024 ** 3) }))).toBe(51_200 * 1000);
  });

  it('gives any request 15 minutes at least', () => {
    expect(requestLimitMs(read({ MAX_DATASET_BYTES: '1' }))).toBe(15 * 60 * 1000);
  });
});
