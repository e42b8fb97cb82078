import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ALL_RPCS, SERVICES, type Rpc } from '@pentaprism/contracts';
import { DomainError, type ErrorCode } from '@pentaprism/domain';
import { augmentationService } from '../../apps/augmentation/src/augmentation.service.js';
import { catalogService } from '../../apps/catalog/src/catalog.service.js';
import { insightsService } from '../../apps/insights/src/insights.service.js';
import { taggingService } from '../../apps/tagging/src/tagging.service.js';
import { trainingIngestService } from '../../apps/training-ingest/src/training-ingest.service.js';
import { workerService } from '../../apps/worker/src/worker.service.js';
import { REQUESTS, STORED } from './requests.js';
import { RunningServices, WORKSPACE } from './running-services.js';

let services: RunningServices;

/** The errors that any call may end with, so that contracts need not name them. */
const ALWAYS: readonly ErrorCode[] = ['INVALID_ARGUMENT'];

beforeAll(async () => {
  services = await RunningServices.start('contracts', [
    catalogService,
    taggingService,
    trainingIngestService,
    augmentationService,
    insightsService,
    workerService,
  ]);
  await services.blobs.put('originals', WORKSPACE, STORED, { maxBytes: STORED.length });
});
afterAll(() => services.stop());

/** The answer, or the code of the error. A reply that breaks its schema is INTERNAL, and so is a defect. */
async function outcome(rpc: Rpc, request: unknown): Promise<{ data: unknown } | { code: ErrorCode }> {
  try {
    return { data: await services.call(rpc, request) };
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
