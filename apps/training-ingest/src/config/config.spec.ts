import { describe, expect, it } from '@jest/globals';
import { readConfig } from '@pentaprism/config';
import { trainingIngestConfig } from './config.js';

const NEEDED = {
  NATS_URL: 'nats://x',
  MONGODB_URI: 'mongodb://x/y',
  BLOB_URL: 'file:///blobs',
  REDIS_URL: 'redis://x',
};
const read = (environment: Record<string, string>) => readConfig(trainingIngestConfig, environment);

describe('the configuration of training-ingest', () => {
  it.each(Object.keys(NEEDED))('needs %s', (name) => {
    expect(() => read(NEEDED)).not.toThrow();
    expect(() => read({ ...NEEDED, [name]: '' })).toThrow(name);
  });

  it('takes a user of the modality without a password, and no password without a user', () => {
    expect(read({ ...NEEDED, MODALITY_API_USER: 'ann' })).toMatchObject({ MODALITY_API_USER: 'ann' });
    expect(() => read({ ...NEEDED, MODALITY_API_PASSWORD: 'geheim' })).toThrow(
      expect.objectContaining({ message: expect.stringMatching(/^(?!.*geheim).*MODALITY_API_USER: has to be set/) }),
    );
  });
});
