import { describe, expect, it } from '@jest/globals';
import { currentContext, runWithContext, type Logger } from '@pentaprism/observability';
import { Types } from 'mongoose';
import { ModelingEvents } from '../modelings/modeling-events.js';
import type { ModelingRepository } from '../modelings/modeling.repository.js';
import type { CandidateRepository } from './candidate.repository.js';
import type { EndJobs } from './end-jobs.usecase.js';
import { TendCandidates } from './tend-candidates.usecase.js';
import type { TrainCandidates } from './train-candidates.usecase.js';

const WORKSPACES = ['one', 'other'];

function tending(found: unknown[]) {
  const ended: string[] = [];
  const modelings = {
    findSearching: () => Promise.resolve(WORKSPACES.map((workspace) => ({ workspace, _id: new Types.ObjectId() }))),
    endSearch: ({ workspace }: { workspace: string }) => Promise.resolve(ended.push(workspace)),
  } as unknown as ModelingRepository;
  const training = {
    trainAll: () => Promise.resolve(found.push(currentContext())),
  } as unknown as TrainCandidates;
  const candidates = {} as CandidateRepository;
  const service = new TendCandidates(
    candidates,
    modelings,
    training,
    new ModelingEvents(),
    {} as EndJobs,
    {} as Logger,
  );
  return { service, ended };
}

describe('TendCandidates', () => {
  it('trains the candidates of each project in the context of its workspace, whatever began the round', async () => {
    const found: unknown[] = [];
    const { service, ended } = tending(found);
    await service.search();
    const context = { traceId: '1'.repeat(32), workspace: 'third', actor: 'key', deadline: 0 };
    await runWithContext(context, () => service.search());
    const expected = WORKSPACES.map((workspace) => ({ traceId: expect.any(String), workspace, actor: '' }));
    expect(found).toEqual([...expected, ...expected]);
    expect(ended).toEqual([...WORKSPACES, ...WORKSPACES]);
  });
});
