import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { readConfig } from './config.js';
import { busVariables, gatewayVariables, secretVariables } from './variables.js';

describe('readConfig', () => {
  const schema = z.object({ ...busVariables, ...gatewayVariables });

  it('fills in the documented defaults', () => {
    expect(readConfig(schema, { NATS_URL: 'nats://127.0.0.1:4222' })).toEqual(
      expect.objectContaining({
        HOST: '127.0.0.1',
        PORT: 3000,
        SIGNED_URL_TTL: 3600,
        CORS_ORIGINS: [],
        SUBJECT_PREFIX: '',
      }),
    );
  });

  it('takes an empty variable for an absent one', () => {
    expect(readConfig(schema, { NATS_URL: 'nats://x', PORT: '', PUBLIC_URL: '' }).PORT).toBe(3000);
  });

  it('splits lists and trims PUBLIC_URL', () => {
    const config = readConfig(schema, {
      NATS_URL: 'nats://x',
      CORS_ORIGINS: 'http://a, http://b,',
      PUBLIC_URL: 'https://x.example//',
    });
    expect(config).toMatchObject({ CORS_ORIGINS: ['http://a', 'http://b'], PUBLIC_URL: 'https://x.example' });
  });

  it.each([
    [{ NATS_URL: 'http://x' }, 'NATS_URL'],
    [{ NATS_URL: 'nats://x', PORT: '70000' }, 'PORT'],
    [{ NATS_URL: 'nats://x', SUBJECT_PREFIX: 'no-dot' }, 'SUBJECT_PREFIX'],
    [{}, 'NATS_URL'],
  ])('refuses %j and names the variable', (environment, name) => {
    expect(() => readConfig(schema, environment)).toThrow(new RegExp(name));
  });

  it('never shows a secret', () => {
    const secret = 'too-short-secret';
    expect(() => readConfig(z.object(secretVariables), { SIGNING_SECRETS: secret })).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(secret) }),
    );
  });
});
