import { afterEach, expect, it, jest } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import { modelingContracts, type Rpc } from '@pentaprism/contracts';
import { LetOthersGoFirst } from '@pentaprism/jobs';
import { jobControl } from '../job-control.fixture.js';
import { CreateProjectHandler } from './create-project.handler.js';
import type { DatasetImporter } from './dataset-importer.js';
import { Turn } from './turn.js';

const KEY = { workspace: 'w', projectId: '1'.repeat(24), datasetId: '2'.repeat(24) };
const STEPS = 3;

afterEach(() => {
  jest.restoreAllMocks();
});

/** Makes a project of an imported dataset, whose turn is over after each step. Returns how many steps it took, and how it ended. */
async function run(othersWait: boolean): Promise<{ steps: number; error: unknown }> {
  let steps = 0;
  const bus = {
    call: (rpc: Rpc) =>
      Promise.resolve(
        rpc === modelingContracts.addImages ? { done: ++steps === STEPS, share: steps / STEPS } : { imported: true },
      ),
  } as unknown as Bus;
  jest.spyOn(Turn.prototype, 'isOver', 'get').mockReturnValue(true);
  const control = jobControl({ checkpoint: () => Promise.resolve({ othersWait }) });
  const handler = new CreateProjectHandler(bus, {} as DatasetImporter);
  const error = await handler.run(KEY, control).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return { steps, error };
}

it('gives way after a step of adding images if jobs of other projects wait', async () => {
  const { steps, error } = await run(true);
  expect(error).toBeInstanceOf(LetOthersGoFirst);
  expect(steps).toBe(1);
});

it('adds all images in one start if no job of another project waits', async () => {
  expect(await run(false)).toEqual({ steps: STEPS, error: undefined });
});
