import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { candidateContracts, projectContracts, type Candidate } from '@pentaprism/contracts';
import { DomainError, type ErrorDetails } from '@pentaprism/domain';
import { candidate, modeling, ORIGIN, project, StandInSystem, target } from './datarobot.fixture.js';

const { id: PROJECT } = project;
const { id: MODEL } = candidate;
const PATH = `projects/${PROJECT}/`;
const LINK = `${ORIGIN}/api/v2/${PATH}`;
const scores = (validation: number | null, holdout: number | null = null) => ({
  validation,
  crossValidation: validation,
  holdout,
});

/** Three trained models, the best one first. */
const BEST: Candidate = {
  ...{ ...candidate, id: '3'.repeat(24), number: 3, rowCount: 3 },
  blueprint: { id: 'keras-augmented', modelType: 'Keras Linear Classifier with image augmentation', processes: ['a'] },
  metrics: { LogLoss: scores(0.05, 0.9), AUC: scores(0.8, 0.8) },
};
const MEANS: Candidate = {
  ...{ ...candidate, id: '4'.repeat(24), number: 2 },
  blueprint: { id: 'means', modelType: 'Nearest Class Mean', processes: ['b'] },
  metrics: { AUC: scores(0.9, 0.7) },
};
const TRAINED = [BEST, candidate, MEANS];

let system: StandInSystem;
beforeAll(async () => {
  system = await StandInSystem.start();
});
afterAll(() => system.app.close());
beforeEach(() => {
  system.reset();
  system.answerProject(project, { ...modeling, target });
  system.answer(candidateContracts.list, () => ({ candidates: TRAINED }));
  system.answer(candidateContracts.get, () => candidate);
});

const get = (tail: string) => system.ask('GET', `${PATH}${tail}`);
const post = (tail: string, body?: unknown) => system.ask('POST', `${PATH}${tail}`, { body });
const idsOf = (models: { id: string }[]) => models.map(({ id }) => TRAINED.findIndex((each) => each.id === id));

function refuse(details: ErrorDetails) {
  system.answer(candidateContracts.train, () => {
    throw new DomainError('FAILED_PRECONDITION', 'why', details);
  });
}

describe('GET projects/{id}/models/', () => {
  it('lists trained models, the best one first', async () => {
    const { status, body } = await get('models/');
    expect([status, idsOf(body)]).toEqual([200, [0, 1, 2]]);
    expect(system.lastCall()).toEqual({ projectId: PROJECT, state: 'trained' });
    expect(body[1]).toEqual({
      ...{ id: MODEL, projectId: PROJECT, modelCategory: 'model', modelNumber: 1 },
      ...{ modelType: 'Keras Linear Classifier', processes: ['Embedding', 'Keras Linear Classifier'] },
      ...{ modelFamily: 'KERAS', modelFamilyFullName: 'Keras', blueprintId: 'linear' },
      metrics: { LogLoss: { validation: 0.1, crossValidation: 0.2, holdout: null } },
      ...{ featurelistId: expect.stringMatching(/^[0-9a-f]{24}$/), featurelistName: 'Informative Features' },
      ...{ samplePct: 66.6667, trainingRowCount: 2, isFrozen: false, isStarred: false },
      ...{ isTrainedIntoValidation: true, isTrainedIntoHoldout: false },
    });
  });

  it('has the feature list that the project lists first', async () => {
    system.answer({ ...candidateContracts.list, subject: 'training-ingest.v1.modeling.columns' }, () => ({
      columns: [],
      total: 0,
    }));
    const [informative] = (await get('featurelists/')).body;
    const [{ featurelistId, featurelistName }] = (await get('models/')).body;
    expect([featurelistId, featurelistName]).toEqual([informative.id, informative.name]);
  });

  it('has the project’s metric also of a model without a score', async () => {
    const [, , means] = (await get('models/')).body;
    expect(means.metrics.LogLoss).toEqual({ validation: null, crossValidation: null, holdout: null });
    expect(means.modelFamily).toBe('OTHER');
  });

  it('shows scores in the hold-out once it is unlocked', async () => {
    system.answerProject(project, { ...modeling, target, holdoutUnlocked: true });
    const [best] = (await get('models/')).body;
    expect(best.metrics).toEqual({ LogLoss: scores(0.05, 0.9), AUC: scores(0.8, 0.8) });
  });

  it.each([
    ['orderBy=-metric', [0, 1, 2]],
    ['orderBy=metric', [2, 1, 0]],
    ['orderBy=samplePct', [1, 2, 0]],
    ['orderBy=-samplePct,metric', [0, 2, 1]],
    ['orderBy=samplePct,-metric', [1, 2, 0]],
    ['name=keras', [0, 1]],
    ['name=AUGMENTATION', [0]],
    ['name=Ridge', []],
    ['samplePct=66.67', [1, 2]],
    ['samplePct=64', []],
    ['isStarred=True', []],
    ['isStarred=False', [0, 1, 2]],
    ['useless=1', [0, 1, 2]],
  ])('with %s lists the models %j', async (query, expected) => {
    expect(idsOf((await get(`models/?${query}`)).body)).toEqual(expected);
  });

  it('shows one metric only when asked to', async () => {
    const { body } = await get('models/?withMetric=AUC');
    expect(body.map(({ metrics }: { metrics: object }) => Object.keys(metrics))).toEqual([['AUC'], [], ['AUC']]);
  });

  it.each(['orderBy=name', 'orderBy=', 'withMetric=Gini', 'samplePct=many', 'isStarred=maybe', 'name=a&name=b'])(
    'refuses %s with 422',
    async (query) => {
      expect((await get(`models/?${query}`)).status).toBe(422);
    },
  );

  it('is empty for a project without a target', async () => {
    system.answerProject(project, modeling);
    expect((await get('models/')).body).toEqual([]);
    expect((await get('modelRecords/')).body).toMatchObject({ count: 0, data: [], totalCount: 0 });
    expect((await get('blueprints/')).body).toEqual([]);
  });
});

describe('POST projects/{id}/models/', () => {
  it('is accepted with the job to poll', async () => {
    system.answer(candidateContracts.train, () => ({ ...candidate, state: 'training' }));
    const ofClient = { blueprintId: 'linear', sourceProjectId: PROJECT, samplePct: 64, scoringType: 'crossValidation' };
    const { status, body, headers } = await post('models/', ofClient);
    expect([status, headers['location']]).toEqual([202, `${LINK}modelJobs/17/`]);
    expect(body).toEqual({ statusId: candidate.jobId });
    expect(system.lastCall()).toEqual({ projectId: PROJECT, blueprintId: 'linear' });
  });

  it('says by a name that the same blueprint is being trained', async () => {
    refuse({ reason: 'under-way' });
    const { status, body } = await post('models/', { blueprintId: 'linear' });
    expect([status, body]).toEqual([422, { message: 'why', errorName: 'JobAlreadyAdded' }]);
  });

  it.each(['too-many', 'no-target'])('answers the reason %s with 422 and a sentence', async (reason) => {
    refuse({ reason });
    const { status, body } = await post('models/', { blueprintId: 'linear' });
    expect([status, body]).toEqual([422, { message: 'why' }]);
  });

  it.each([[{}], [{ blueprintId: '' }], [{ blueprintId: 5 }], [{ blueprintId: 'x'.repeat(51) }], [[]], ['linear']])(
    'refuses %j with 422',
    async (body) => {
      expect((await post('models/', body)).status).toBe(422);
      expect(system.calls).toEqual([]);
    },
  );
});

describe('projects/{id}/models/{modelId}/', () => {
  const remove = () => system.ask('DELETE', `${PATH}models/${MODEL}/`);

  it('is one of the listed models', async () => {
    const [, listed] = (await get('models/')).body;
    const { status, body } = await get(`models/${MODEL}`);
    expect([status, body]).toEqual([200, listed]);
    expect(system.calls).toContainEqual({
      subject: candidateContracts.get.subject,
      request: { projectId: PROJECT, candidateId: MODEL },
    });
  });

  it('is not looked up in a project that is unknown, so that the message is always about the project', async () => {
    system.answer(projectContracts.get, () => {
      throw new DomainError('NOT_FOUND', 'There is no such project.');
    });
    const { status, body } = await get(`models/${MODEL}/`);
    expect([status, body.message]).toEqual([404, 'There is no such project.']);
    expect(system.calls.map(({ subject }) => subject)).not.toContain(candidateContracts.get.subject);
  });

  it('is deleted with 204', async () => {
    system.answer(candidateContracts.delete, () => ({}));
    const { status, body } = await remove();
    expect([status, body]).toEqual([204, '']);
    const deletions = system.calls.filter(({ subject }) => subject === candidateContracts.delete.subject);
    expect(deletions).toMatchObject([{ request: { projectId: PROJECT, candidateId: MODEL } }]);
  });

  it.each(['training', 'failed'] as const)('is unknown while its state is %s', async (state) => {
    system.answer(candidateContracts.get, () => ({ ...candidate, state }));
    system.answer(candidateContracts.delete, () => ({}));
    expect((await get(`models/${MODEL}/`)).status).toBe(404);
    expect((await remove()).status).toBe(404);
  });

  it('is unknown for text that is not an id', async () => {
    for (const id of ['null', '17', 'recommendedModel']) {
      expect((await get(`models/${id}/`)).status).toBe(404);
      expect((await system.ask('DELETE', `${PATH}models/${id}/`)).status).toBe(404);
    }
    expect(system.calls.filter(({ subject }) => subject === candidateContracts.get.subject)).toEqual([]);
  });
});

describe('GET projects/{id}/modelRecords/', () => {
  it('lists all models in pages whose links keep the query', async () => {
    const { body } = await get('modelRecords/?limit=1&offset=1&sortByPartition=crossValidation&withMetric=LogLoss');
    expect(idsOf(body.data)).toEqual([1]);
    expect([body.count, body.totalCount]).toEqual([1, 3]);
    const query = 'sortByPartition=crossValidation&withMetric=LogLoss';
    expect(body.next).toBe(`${LINK}modelRecords/?${query}&offset=2&limit=1`);
    expect(body.previous).toBe(`${LINK}modelRecords/?${query}&offset=0&limit=1`);
  });

  it.each([
    ['', false, [0, 1, 2]],
    ['limit=0', false, [0, 1, 2]],
    ['sortByMetric=AUC', false, [2, 0, 1]],
    ['sortByMetric=AUC&sortByPartition=holdout', true, [0, 2, 1]],
    ['sortByPartition=holdout', true, [1, 0, 2]],
    ['sortByPartition=holdout', false, [0, 1, 2]],
    ['searchTerm=mean', false, [2]],
    ['labels=starred', false, []],
  ])('with %j, the hold-out unlocked: %s, lists %j', async (query, holdoutUnlocked, expected) => {
    system.answerProject(project, { ...modeling, target, holdoutUnlocked });
    expect(idsOf((await get(`modelRecords/?${query}`)).body.data)).toEqual(expected);
  });

  it.each(['sortByPartition=backtesting', 'sortByMetric=Gini', 'limit=-1', 'limit=1001', 'offset=x'])(
    'refuses %s with 422',
    async (query) => {
      expect((await get(`modelRecords/?${query}`)).status).toBe(422);
    },
  );
});

describe('recommended models and blueprints', () => {
  const recommended = { projectId: PROJECT, modelId: BEST.id, recommendationType: 'Recommended for Deployment' };

  it('recommend the best model', async () => {
    expect((await get('recommendedModels/recommendedModel/')).body).toEqual(recommended);
    expect((await get('recommendedModels/')).body).toEqual([recommended]);
  });

  it('recommend none as long as none is trained', async () => {
    system.answer(candidateContracts.list, () => ({ candidates: [] }));
    for (const path of ['recommendedModels/recommendedModel/', 'recommendedModels/'])
      expect((await get(path)).status).toBe(404);
  });

  it('list what models can be made by', async () => {
    system.answer(candidateContracts.blueprints, () => ({ blueprints: [candidate.blueprint] }));
    const fixed = { projectId: PROJECT, blueprintCategory: 'DataRobot', supportsMonotonicConstraints: false };
    expect((await get('blueprints/')).body).toEqual([{ ...candidate.blueprint, ...fixed }]);
  });
});

describe('a project that does not exist', () => {
  it.each(['models/', 'modelRecords/', 'recommendedModels/', 'recommendedModels/recommendedModel/', 'blueprints/'])(
    'has no %s',
    async (path) => {
      system.reset();
      expect((await get(path)).status).toBe(404);
      expect((await system.ask('GET', `projects/x/${path}`)).status).toBe(404);
    },
  );
});
