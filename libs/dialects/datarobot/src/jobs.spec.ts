import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  candidateContracts,
  jobDirectoryContracts,
  jobReportContracts,
  type Job,
  type RequestOf,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { candidate, modeling, ORIGIN, project, StandInSystem, target, training } from './datarobot.fixture.js';

const { id: PROJECT } = project;
const { id: MODEL } = candidate;
const PATH = `projects/${PROJECT}/`;
const LINK = `${ORIGIN}/api/v2/${PATH}`;
const { abort } = jobReportContracts['training-ingest'];

/** How the job is shown while it waits. */
const SHOWN = {
  ...{ id: '17', status: 'queue', isBlocked: false, url: `${LINK}jobs/17/`, jobType: 'model' },
  ...{ projectId: PROJECT, modelId: MODEL, message: '' },
};
const SHOWN_MODEL = {
  ...{ ...SHOWN, blueprintId: 'linear', modelType: 'Keras Linear Classifier' },
  ...{ processes: candidate.blueprint.processes, featurelistId: expect.stringMatching(/^[0-9a-f]{24}$/) },
};

let system: StandInSystem;
beforeAll(async () => {
  system = await StandInSystem.start();
});
afterAll(() => system.app.close());
beforeEach(() => {
  system.reset();
  system.answerProject(project, { ...modeling, target });
  system.answer(candidateContracts.get, () => candidate);
  system.answer(candidateContracts.list, () => ({ candidates: [candidate] }));
  system.answer(abort, () => ({ state: 'aborted' }));
});

const get = (tail: string) => system.ask('GET', `${PATH}${tail}`);
const answerJob = (changes: Partial<Job> = {}) =>
  system.answer(jobDirectoryContracts.get, () => ({ ...training, ...changes }));
const requestsOf = (subject: string) => system.calls.filter((call) => call.subject === subject);

function answerJobs(jobs: readonly Job[]) {
  const list = ({ offset = 0, limit = 100 }: RequestOf<typeof jobDirectoryContracts.list>) => ({
    jobs: jobs.slice(offset, offset + limit),
    total: jobs.length,
  });
  system.answer(jobDirectoryContracts.list, list as (request: never) => unknown);
}

describe.each([
  ['jobs', SHOWN],
  ['modelJobs', SHOWN_MODEL],
])('GET projects/{id}/%s/{number}/', (collection, shown) => {
  const find = () => get(`${collection}/17/`);

  it.each([
    [{ state: 'queued' }, { status: 'queue', message: '' }],
    [
      { state: 'running', progress: 0.5 },
      { status: 'inprogress', message: '' },
    ],
    [
      { state: 'failed', error: { code: 'X', message: 'why' } },
      { status: 'error', message: 'why' },
    ],
    [{ state: 'aborted' }, { status: 'ABORTED', message: expect.stringContaining('ended') }],
  ] as const)('shows a job that is %j', async (changes, expected) => {
    answerJob(changes);
    const { status, body } = await find();
    expect([status, body]).toEqual([200, { ...shown, ...expected }]);
  });

  it('holds the poll while the job is pending, and reads the job again at its end', async () => {
    let reads = 0;
    system.answer(jobDirectoryContracts.get, () => ({ ...training, state: (reads += 1) > 2 ? 'completed' : 'queued' }));
    expect((await find()).status).toBe(303);
    expect(system.waits).toEqual([4000]);
    const keys = requestsOf(jobDirectoryContracts.get.subject).map(({ request }) => request);
    expect(keys).toEqual([{ number: 17 }, { id: training.id }, { id: training.id }]);
  });

  it('leads to the model when the job has ended, and shows the job, too', async () => {
    answerJob({ state: 'completed' });
    for (let i = 0; i < 2; i++) {
      const { status, headers, body } = await find();
      expect([status, headers['location']]).toEqual([303, `${LINK}models/${MODEL}/`]);
      expect(body).toEqual({ ...shown, status: 'COMPLETED' });
    }
    expect(system.waits).toEqual([]);
  });

  it.each([
    ['of another project', { subject: { ...training.subject, projectId: 'f'.repeat(24) } }],
    ['of no project', { subject: {} }],
    ['of a kind that is not listed', { type: 'project.target' }],
  ])('finds no job %s', async (_what, changes) => {
    answerJob(changes);
    expect((await find()).status).toBe(404);
    expect((await system.ask('DELETE', `${PATH}${collection}/17/`)).status).toBe(404);
    expect(requestsOf(abort.subject)).toEqual([]);
  });

  it('finds none by text that is not a number', async () => {
    answerJob();
    for (const number of ['0', '-1', '1.5', '017', 'x', '1e3', training.id, '9'.repeat(16)])
      expect((await get(`${collection}/${number}/`)).status).toBe(404);
    expect(system.calls).toEqual([]);
  });
});

describe.each(['jobs', 'modelJobs'])('DELETE projects/{id}/%s/{number}/', (collection) => {
  const remove = () => system.ask('DELETE', `${PATH}${collection}/17/`);

  it('ends the job with 204, without waiting for it', async () => {
    answerJob();
    const { status, body } = await remove();
    expect([status, body]).toEqual([204, '']);
    expect(requestsOf(abort.subject)).toEqual([{ subject: abort.subject, request: { jobId: training.id } }]);
    expect(system.waits).toEqual([]);
  });

  it('answers 422 for a job that has ended', async () => {
    answerJob({ state: 'completed' });
    system.answer(abort, () => {
      throw new DomainError('FAILED_PRECONDITION', 'The job has ended already.');
    });
    const { status, body } = await remove();
    expect([status, body.message]).toEqual([422, 'The job has ended already.']);
  });
});

describe('GET projects/{id}/jobs/', () => {
  it('lists jobs that wait or run', async () => {
    answerJobs([
      { ...training, state: 'running' },
      { ...training, id: '5'.repeat(24), number: 18 },
    ]);
    const { body } = await get('jobs/');
    const second = { ...SHOWN, id: '18', url: `${LINK}jobs/18/` };
    const page = { count: 2, next: null, previous: null, totalCount: 2 };
    expect(body).toEqual({ jobs: [{ ...SHOWN, status: 'inprogress' }, second], ...page });
    expect(requestsOf(jobDirectoryContracts.list.subject)[0]?.request).toMatchObject({
      projectId: PROJECT,
      types: ['candidate.train', 'insight.embeddings', 'insight.activation-maps', 'candidate.predict'],
      states: ['queued', 'running'],
    });
  });

  it.each([
    ['queue', 'queued'],
    ['inprogress', 'running'],
    ['COMPLETED', 'completed'],
    ['error', 'failed'],
    ['ABORTED', 'aborted'],
  ])('with status=%s lists those that are %s', async (status, state) => {
    answerJobs([]);
    for (const collection of ['jobs', 'modelJobs']) await get(`${collection}/?status=${status}`);
    const found = requestsOf(jobDirectoryContracts.list.subject);
    expect(found).toMatchObject([{ request: { states: [state] } }, { request: { states: [state] } }]);
  });

  it('links to the next page, and keeps the status', async () => {
    answerJobs(Array.from({ length: 3 }, () => ({ ...training, state: 'failed' as const })));
    const { body } = await get('jobs/?status=error&offset=1&limit=1');
    expect([body.count, body.totalCount]).toEqual([1, 3]);
    expect(body.next).toBe(`${LINK}jobs/?status=error&offset=2&limit=1`);
    expect(body.previous).toBe(`${LINK}jobs/?status=error&offset=0&limit=1`);
  });

  it('reads as many pages of the directory as there are', async () => {
    answerJobs(Array.from({ length: 1200 }, () => training));
    expect((await get('jobs/')).body).toMatchObject({ count: 1200, next: null });
  });

  it.each(['status=done', 'status=', 'limit=-1', 'offset=x'])('refuses %s with 422', async (query) => {
    expect((await get(`jobs/?${query}`)).status).toBe(422);
    expect(system.calls).toEqual([]);
  });

  it('is not found for a project that does not exist', async () => {
    system.reset();
    answerJobs([]);
    for (const path of ['jobs/', 'modelJobs/']) {
      expect((await get(path)).status).toBe(404);
      expect((await system.ask('GET', `projects/x/${path}`)).status).toBe(404);
    }
  });
});

describe('GET projects/{id}/modelJobs/', () => {
  it('is a bare array of jobs with what they make', async () => {
    answerJobs([training]);
    expect((await get('modelJobs/')).body).toEqual([SHOWN_MODEL]);
  });

  it('leaves out jobs whose models have been deleted', async () => {
    answerJobs([training, { ...training, subject: { ...training.subject, candidateId: '6'.repeat(24) } }]);
    expect((await get('modelJobs/?status=COMPLETED')).body).toEqual([SHOWN_MODEL]);
    answerJob({ state: 'completed' });
    system.answer(candidateContracts.get, () => {
      throw new DomainError('NOT_FOUND', 'There is no such model.');
    });
    expect((await get('modelJobs/17/')).status).toBe(404);
  });
});

describe('GET status/{id}/', () => {
  it('of a training leads to the model', async () => {
    answerJob({ state: 'completed' });
    const { status, headers, body } = await system.ask('GET', `status/${training.id}/`);
    expect([status, headers['location']]).toEqual([303, `${LINK}models/${MODEL}/`]);
    expect(body).toMatchObject({ statusType: 'modelTraining', status: 'COMPLETED' });
  });
});

describe('the autopilot of a project', () => {
  const post = (tail: string, body?: unknown) => system.ask('POST', `${PATH}${tail}`, { body });
  const trainings = () => requestsOf(candidateContracts.trainAll.subject).map(({ request }) => request);
  beforeEach(() => system.answer(candidateContracts.trainAll, () => ({ candidates: [] })));

  it('trains all blueprints when it is begun', async () => {
    const ofClient = { featurelistId: 'x', mode: 'quick', blendBestModels: false };
    for (const body of [ofClient, undefined]) expect((await post('autopilots/', body)).status).toBe(202);
    expect(trainings()).toEqual([{ projectId: PROJECT }, { projectId: PROJECT }]);
  });

  it('ends what waits when it is stopped, and tolerates jobs that have ended since', async () => {
    answerJobs([training, { ...training, id: '5'.repeat(24), number: 18 }]);
    system.answer(abort, ({ jobId }: { jobId: string }) => {
      if (jobId === training.id) throw new DomainError('FAILED_PRECONDITION', 'The job has ended already.');
      return { state: 'aborted' };
    });
    expect((await post('autopilot/', { command: 'stop' })).status).toBe(202);
    expect(requestsOf(jobDirectoryContracts.list.subject)).toMatchObject([{ request: { states: ['queued'] } }]);
    expect(requestsOf(abort.subject)).toHaveLength(2);
    expect(trainings()).toEqual([]);
  });

  it('reports failures of the jobs’ owner when it is stopped', async () => {
    answerJobs([training]);
    system.answer(abort, () => {
      throw new DomainError('UNAVAILABLE', 'away');
    });
    expect((await post('autopilot/', { command: 'stop' })).status).toBe(503);
  });

  it('trains again what is missing when it is resumed, except in manual mode', async () => {
    expect((await post('autopilot/', { command: 'start' })).status).toBe(202);
    expect(trainings()).toEqual([{ projectId: PROJECT }]);
    system.answerProject(project, { ...modeling, target: { ...target, mode: 'manual' } });
    expect((await post('autopilot/', { command: 'start' })).status).toBe(202);
    expect(trainings()).toHaveLength(1);
  });

  it.each([[undefined], [{}], [{ command: 'pause' }], ['stop']])('refuses %j with 422', async (body) => {
    expect((await post('autopilot/', body)).status).toBe(422);
    expect(system.calls).toEqual([]);
  });

  it('answers 422 without a target, and 404 without a project', async () => {
    system.answer(candidateContracts.trainAll, () => {
      throw new DomainError('FAILED_PRECONDITION', 'The project has no target.', { reason: 'no-target' });
    });
    const { status, body } = await post('autopilots/');
    expect([status, body]).toEqual([422, { message: 'The project has no target.' }]);
    system.reset();
    expect((await post('autopilots/')).status).toBe(404);
    expect((await post('autopilot/', { command: 'stop' })).status).toBe(404);
  });
});
