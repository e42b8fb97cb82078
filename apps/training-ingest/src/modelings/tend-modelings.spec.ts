import { describe, expect, it } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import type { Transactions } from '@pentaprism/database';
import type { JobDocument } from '@pentaprism/jobs';
import type { Logger } from '@pentaprism/observability';
import { setTimeout as sleep } from 'node:timers/promises';
import type { DatasetRepository } from '../datasets/dataset.repository.js';
import { CreateProjectEffect } from './create-project.effect.js';
import { ModelingEvents } from './modeling-events.js';
import type { ModelingRepository } from './modeling.repository.js';
import type { ProjectImageRepository } from './project-image.repository.js';
import type { TargetRepository } from './target.repository.js';
import { TendModelings } from './tend-modelings.usecase.js';

/** Ends a job that makes a project, and returns how many rounds begin in the 200 ms after it. */
async function roundsAfter(state: JobDocument['state']): Promise<number> {
  let rounds = 0;
  const findDeleted = () => Promise.resolve((rounds++, []));
  const modelings = { findDeleted } as unknown as ModelingRepository;
  const events = new ModelingEvents();
  const datasets = {} as DatasetRepository;
  const tending = new TendModelings(
    {} as Bus,
    modelings,
    {} as ProjectImageRepository,
    {} as TargetRepository,
    datasets,
    {} as Transactions,
    events,
    {} as Logger,
  );
  tending.onApplicationBootstrap();
  try {
    new CreateProjectEffect(modelings, datasets, events).committed({ state } as JobDocument);
    await sleep(200);
  } finally {
    await tending.onModuleDestroy();
  }
  return rounds;
}

describe('TendModelings', () => {
  it.each(['failed', 'aborted'] as const)(
    'begins a round at once when the creation of a project has %s',
    async (state) => {
      expect(await roundsAfter(state)).toBe(1);
    },
  );

  it('begins no round when a project has been created', async () => {
    expect(await roundsAfter('completed')).toBe(0);
  });
});
