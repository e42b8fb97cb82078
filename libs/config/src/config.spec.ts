import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { readConfig } from './config.js';
import {
  busVariables,
  catalogVariables,
  gatewayVariables,
  eventLogVariables,
  modalityVariables,
  radiographVariables,
  secretVariables,
  urlImportVariables,
} from './variables.js';

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

  it('refuses an owner key whose secret can be guessed, and does not repeat it', () => {
    const catalog = z.object(catalogVariables);
    const secret = '0123456789abcdef0123456789abcdef';
    for (const key of [secret, `first.${secret}`, `first.${secret}.more`, `${secret}.${secret}`])
      expect(readConfig(catalog, { PENTAPRISM_OWNER_KEY: key }).PENTAPRISM_OWNER_KEY).toBe(key);
    for (const key of [
      'password',
      secret.slice(1),
      `${secret}.short`,
      `a-long-identifier-before-it.${secret.slice(1)}`,
      'x'.repeat(40),
    ])
      expect(() => readConfig(catalog, { PENTAPRISM_OWNER_KEY: key })).toThrow(
        /^(?!.*(?:password|short|xxxx|0123)).*PENTAPRISM_OWNER_KEY: needs a random secret of at least 32 characters/,
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

describe('the variables of radiographs', () => {
  const schema = z.object({ ...radiographVariables, ...modalityVariables });

  it('need nothing, and then name no modality', () => {
    expect(readConfig(schema, {})).toEqual({ FILTERS_TTL: 28_800, MODALITY_TIMEOUT: 5 });
  });

  it('take the URL of a modality with or without a slash at its end', () => {
    for (const end of ['', '/', '//'])
      expect(readConfig(schema, { MODALITY_API_URL: `https://x:43809/api/dsio/modality/v1${end}` })).toMatchObject({
        MODALITY_API_URL: 'https://x:43809/api/dsio/modality/v1',
      });
  });

  it.each([
    ['MODALITY_API_URL', 'ftp://x'],
    ['MODALITY_API_URL', 'http:'],
    ['MODALITY_API_URL', 'http://ann:pass@x/'],
    ['MODALITY_API_URL', 'http://x/?a=b'],
    ['MODALITY_API_URL', 'http://x/#a'],
    ['MODALITY_API_USER', 'a:b'],
    ['MODALITY_TIMEOUT', '0'],
    ['MODALITY_TIMEOUT', '31'],
    ['FILTERS_TTL', '0'],
    ['FILTERS_TTL', '1.5'],
    ['FILTERS_TTL', '2592001'],
  ])('refuse %s=%s', (name, value) => {
    expect(() => readConfig(schema, { [name]: value })).toThrow(new RegExp(`${name}: `));
  });

  it('take the longest life and time-out', () => {
    expect(readConfig(schema, { FILTERS_TTL: '2592000', MODALITY_TIMEOUT: '30' })).toEqual({
      FILTERS_TTL: 2_592_000,
      MODALITY_TIMEOUT: 30,
    });
  });
});

describe('the variables of event logs', () => {
  const schema = z.object(eventLogVariables);

  it('name no directory by default, and ten samples of each tag', () => {
    expect(readConfig(schema, {})).toEqual({ TENSORBOARD_RELOAD_INTERVAL: 2, TENSORBOARD_SAMPLES: 10 });
  });

  it.each([
    ['TENSORBOARD_LOGDIR', 'runs'],
    ['TENSORBOARD_RELOAD_INTERVAL', '0'],
    ['TENSORBOARD_RELOAD_INTERVAL', '3601'],
    ['TENSORBOARD_SAMPLES', '-1'],
    ['TENSORBOARD_SAMPLES', '10001'],
  ])('refuse %s=%s', (name, value) => {
    expect(() => readConfig(schema, { [name]: value })).toThrow(new RegExp(`${name}: `));
  });

  it('accept 0 samples, which keeps all', () => {
    expect(readConfig(schema, { TENSORBOARD_SAMPLES: '0' }).TENSORBOARD_SAMPLES).toBe(0);
  });
});

describe('URL_IMPORT_ALLOW', () => {
  const schema = z.object(urlImportVariables);

  it('is a list of addresses and networks, empty by default', () => {
    expect(readConfig(schema, {}).URL_IMPORT_ALLOW).toEqual([]);
    expect(readConfig(schema, { URL_IMPORT_ALLOW: '10.1.2.3, 10.2.0.0/16,fd00::/8 , ::1,' }).URL_IMPORT_ALLOW).toEqual([
      '10.1.2.3',
      '10.2.0.0/16',
      'fd00::/8',
      '::1',
    ]);
  });

  it.each(['localhost', '10.1.2', '10.1.2.3/33', '::/129', '10.1.2.3/', '10.1.2.3/-1', 'fe80::1%eth0', '/8', '1/8'])(
    'refuses %s',
    (text) => {
      expect(() => readConfig(schema, { URL_IMPORT_ALLOW: `10.1.2.3,${text}` })).toThrow('URL_IMPORT_ALLOW');
    },
  );
});
