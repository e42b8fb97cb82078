import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { readConfig } from '@pentaprism/config';
import { createLogger } from '@pentaprism/observability';
import type { FastifyInstance } from 'fastify';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gatewayConfig } from '../config.js';
import { createGateway } from '../create-gateway.js';
import { rulesOf } from './access.js';

/** Reviewed by hand: a change of this file is a change of who may do what. Written anew with UPDATE_GOLDEN=1. */
const GOLDEN = join(import.meta.dirname, '../../../../test/golden/required-roles.txt');

let directory: string;
let app: NestFastifyApplication;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'pentaprism-roles-'));
  const config = readConfig(gatewayConfig, {
    NATS_URL: process.env['TEST_NATS_URL'],
    BLOB_URL: `file://${directory}`,
    SIGNING_SECRETS: 's'.repeat(32),
    CORS_ORIGINS: 'https://app.example',
  });
  app = await createGateway(config, createLogger('gateway', 'silent'));
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});
afterAll(async () => {
  await app?.close();
  await rm(directory, { recursive: true, force: true });
});

it('is what the reviewed table of required roles says, for every route', async () => {
  const rules = rulesOf(app.getHttpAdapter().getInstance() as unknown as FastifyInstance);
  const sorted = [...rules].sort((a, b) => (`${a.path} ${a.method}` < `${b.path} ${b.method}` ? -1 : 1));
  const table = sorted.map(({ role, method, path }) => `${role.padEnd(6)} ${method.padEnd(7)} ${path}\n`).join('');
  if (process.env['UPDATE_GOLDEN'] === '1') await writeFile(GOLDEN, table);
  expect(table).toBe(await readFile(GOLDEN, 'utf8'));
});
