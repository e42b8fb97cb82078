import type { INestMicroservice } from '@nestjs/common';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { FileBlobStore } from '@pentaprism/blob-store';
import { Bus, connectBus, type BusConnection } from '@pentaprism/bus';
import { readConfig } from '@pentaprism/config';
import { ALL_RPCS, SERVICES, type Rpc } from '@pentaprism/contracts';
import { DomainError, type ErrorCode } from '@pentaprism/domain';
import { createService, type ServiceDefinition } from '@pentaprism/service';
import { testScope } from '@pentaprism/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { augmentationService } from '../../apps/augmentation/src/augmentation.service.js';
import { catalogService } from '../../apps/catalog/src/catalog.service.js';
import { insightsService } from '../../apps/insights/src/insights.service.js';
import { taggingService } from '../../apps/tagging/src/tagging.service.js';
import { trainingIngestService } from '../../apps/training-ingest/src/training-ingest.service.js';
import { workerService } from '../../apps/worker/src/worker.service.js';
import { OWNER_KEY, REQUESTS, STORED } from './requests.js';

const scope = testScope('contracts');
const WORKSPACE = 'default';
const running: INestMicroservice[] = [];
let connection: BusConnection | undefined;
let bus: Bus;
let blobs: string;

/** The errors that any call may end with, so that contracts need not name them. */
const ALWAYS: readonly ErrorCode[] = ['INVALID_ARGUMENT'];

async function start(definition: ServiceDefinition<never>): Promise<void> {
  const environment = {
    ...scope.environment,
    BLOB_URL: pathToFileURL(blobs).href,
    PENTAPRISM_OWNER_KEY: OWNER_KEY,
    SIGNING_SECRETS: 'a secret of the contract tests that is long enough',
  };
  const app = await createService(definition, readConfig(definition.config, environment) as never, scope.logger);
  await app.listen();
  running.push(app);
}

beforeAll(async () => {
  blobs = await mkdtemp(path.join(tmpdir(), 'pentaprism-contracts-'));
  const store = await FileBlobStore.open(blobs);
  await store.put('originals', WORKSPACE, STORED, { maxBytes: STORED.length });
  // The catalog first: others ask it while they start.
  for (const definition of [
    catalogService,
    taggingService,
    trainingIngestService,
    augmentationService,
    insightsService,
    workerService,
  ]) {
    await start(definition as unknown as ServiceDefinition<never>);
  }
  const { natsUrl: url, subjectPrefix: prefix, logger } = scope;
  connection = await connectBus({ url, prefix, name: 'contracts', logger });
  bus = new Bus(connection);
});

afterAll(async () => {
  for (const app of running.reverse()) await app.close();
  await connection?.nats.close();
  await scope.cleanUp();
  await rm(blobs, { recursive: true });
});

/** The answer, or the code of the error. A reply that breaks its schema is INTERNAL, and so is a defect. */
async function outcome(rpc: Rpc, request: unknown): Promise<{ data: unknown } | { code: ErrorCode }> {
  try {
    return { data: await bus.call(rpc, request, { context: { workspace: WORKSPACE, actor: 'contracts' } }) };
  } catch (error) {
    if (DomainError.is(error)) return { code: error.code };
    throw error;
  }
}

describe('every contract', () => {
  it('has requests here, so that none is forgotten', () => {
    expect(Object.keys(REQUESTS).sort()).toEqual(ALL_RPCS.map((rpc) => rpc.subject).sort());
  });

  it('belongs to a service that runs', () => {
    expect(new Set(ALL_RPCS.map((rpc) => rpc.owner))).toEqual(new Set(SERVICES));
  });

  it.each(ALL_RPCS.map((rpc) => [rpc.subject, rpc] as const))(
    '%s refuses what its schema does not know',
    async (_subject, rpc) => {
      expect(await outcome(rpc, { unheardOf: true })).toEqual({ code: 'INVALID_ARGUMENT' });
    },
  );

  it.each(ALL_RPCS.map((rpc) => [rpc.subject, rpc] as const))('%s answers as it declares', async (subject, rpc) => {
    for (const { request, expected } of REQUESTS[subject] ?? []) {
      const result = await outcome(rpc, request);
      if (expected === 'ok') expect(result).toEqual({ data: expect.anything() });
      else {
        expect(result).toEqual({ code: expected });
        expect([...rpc.errors, ...ALWAYS]).toContain(expected);
      }
    }
  });
});
