import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  MAX_MODELINGS_PER_CALL,
  MAX_PROJECTS_PER_PAGE,
  modelingContracts,
  projectContracts,
  trainingIngestContracts,
  type Modeling,
  type Project,
} from '@pentaprism/contracts';
import { DomainError, MAX_DESCRIPTION_LENGTH, MAX_PROJECT_NAME_LENGTH } from '@pentaprism/domain';
import { dataset, modeling, project, StandInSystem } from './datarobot.fixture.js';

const { id: PROJECT } = project;
const PATH = `projects/${PROJECT}/`;

let system: StandInSystem;
beforeAll(async () => {
  system = await StandInSystem.start();
});
afterAll(() => system.app.close());
beforeEach(() => {
  system.reset();
  system.answerProject(project, modeling);
});

/** What is said of a project with these differences. */
async function shown(described: Partial<Modeling>, changes: Partial<Project> = {}) {
  system.answerProject({ ...project, ...changes }, { ...modeling, ...described });
  return (await system.ask('GET', PATH)).body;
}
const requestsOf = (subject: string) => system.calls.filter((call) => call.subject === subject);

describe('GET projects/{id}/', () => {
  it('describes a project that was made of a dataset', async () => {
    expect(await shown({})).toEqual({
      ...{ id: PROJECT, projectName: 'pets.zip', projectDescription: null, fileName: 'pets.zip', stage: 'aim' },
      ...{ target: null, targetType: null, metric: null, positiveClass: null, autopilotMode: null },
      ...{ created: '1970-01-01T00:00:00.000Z', catalogId: dataset.id, catalogVersionId: dataset.versionId },
      ...{ holdoutUnlocked: false, maxTrainPct: 100, maxTrainRows: 3, advancedOptions: {}, partition: null },
      ...{ unsupervisedMode: false, useGpu: false },
    });
  });

  it('is at the stage eda while its images are added', async () => {
    expect((await shown({ state: 'filling' })).stage).toBe('eda');
  });

  it('keeps the name of the file, and no id of a dataset that was deleted', async () => {
    const deleted = modeling.dataset && { ...modeling.dataset, deleted: true };
    const expected = { fileName: 'pets.zip', catalogId: null, catalogVersionId: null, maxTrainRows: 3 };
    expect(await shown({ dataset: deleted })).toMatchObject(expected);
  });

  it('has neither a file nor rows that are counted where rows are images', async () => {
    const body = await shown({ dataset: null, rowCount: null }, { name: 'library' });
    const none = { fileName: null, catalogId: null, catalogVersionId: null, maxTrainPct: null, maxTrainRows: null };
    expect(body).toMatchObject({ projectName: 'library', stage: 'aim', ...none });
  });

  it('has a description, and says whether the hold-out is unlocked', async () => {
    const body = await shown({ holdoutUnlocked: true }, { description: 'Cats\nand dogs' });
    expect(body).toMatchObject({ projectDescription: 'Cats\nand dogs', holdoutUnlocked: true });
  });
});

describe('GET projects/', () => {
  const projects = Array.from({ length: 2 * MAX_MODELINGS_PER_CALL + 1 }, (_, i) => ({
    ...project,
    id: i.toString(16).padStart(24, '0'),
  }));
  beforeEach(() =>
    system.answer(projectContracts.list, ({ offset, limit }: { offset: number; limit: number }) => ({
      projects: projects.slice(offset, offset + limit),
      total: projects.length,
    })),
  );

  it('is a bare array of all projects whose name contains the text, read in portions that fit into a message', async () => {
    const { body } = await system.ask('GET', 'projects/?projectName=PETS&useCaseIds=x');
    expect(body.map(({ id }: { id: string }) => id)).toEqual(projects.map(({ id }) => id));
    const requests = requestsOf(projectContracts.list.subject).map(({ request }) => request);
    const offsets = Array.from(
      { length: Math.ceil(projects.length / MAX_PROJECTS_PER_PAGE) },
      (_, i) => i * MAX_PROJECTS_PER_PAGE,
    );
    expect(requests).toEqual(offsets.map((offset) => ({ nameContains: 'PETS', offset, limit: MAX_PROJECTS_PER_PAGE })));
  });

  it('describes each project, at most so many in one call as fit into a message', async () => {
    system.answer(modelingContracts.describe, ({ projectIds }: { projectIds: string[] }) => ({
      modelings: projectIds.map((projectId) => ({ ...modeling, projectId, rowCount: Number.parseInt(projectId, 16) })),
    }));
    const { body } = await system.ask('GET', 'projects');
    expect(body.map(({ maxTrainRows }: { maxTrainRows: number }) => maxTrainRows)).toEqual(projects.map((_, i) => i));
    const sizes = requestsOf(modelingContracts.describe.subject).map(
      ({ request }) => (request as { projectIds: string[] }).projectIds.length,
    );
    expect(sizes).toEqual([MAX_MODELINGS_PER_CALL, MAX_MODELINGS_PER_CALL, 1]);
  });

  it('shows names as they were given, also where several are equal', async () => {
    const named = ['photos', 'photos (2)'].map((uniqueName, i) => ({ ...projects[i], name: 'photos', uniqueName }));
    system.answer(projectContracts.list, () => ({ projects: named, total: 2 }));
    const { body } = await system.ask('GET', 'projects/');
    expect(body).toMatchObject([{ projectName: 'photos' }, { projectName: 'photos' }]);
  });

  it('is a part of them where the client pages, and empty without a call where there are none', async () => {
    const { body } = await system.ask('GET', 'projects/?offset=3&limit=2');
    expect(body.map(({ id }: { id: string }) => id)).toEqual([projects[3]?.id, projects[4]?.id]);
    system.reset();
    system.answer(projectContracts.list, () => ({ projects: [], total: 0 }));
    expect((await system.ask('GET', 'projects/')).body).toEqual([]);
    expect(system.calls).toHaveLength(1);
    expect((await system.ask('GET', 'projects/?limit=-1')).status).toBe(422);
  });
});

describe('PATCH projects/{id}/', () => {
  const patch = (body?: object) => system.ask('PATCH', PATH, { body });
  beforeEach(() => {
    system.answer(projectContracts.update, ({ name, description }: { name?: string; description?: string }) => ({
      ...project,
      ...(name === undefined ? {} : { name }),
      ...(description === undefined ? {} : { description }),
    }));
    system.answer(modelingContracts.update, () => ({ ...modeling, holdoutUnlocked: true }));
  });

  it('changes the name, and answers with the project', async () => {
    const { status, body } = await patch({ projectName: 'Pets', stage: 'ignored' });
    expect([status, body.id, body.projectName, body.stage]).toEqual([200, PROJECT, 'Pets', 'aim']);
    expect(system.calls[0]?.request).toEqual({ id: PROJECT, name: 'Pets', sameName: 'number' });
  });

  it('changes the description, and removes it', async () => {
    expect((await patch({ projectDescription: 'Mine' })).body.projectDescription).toBe('Mine');
    expect((await patch({ projectDescription: '' })).body.projectDescription).toBeNull();
    expect((await patch({ projectDescription: null })).body.projectDescription).toBeNull();
    const requests = requestsOf(projectContracts.update.subject).map(({ request }) => request);
    expect(requests).toEqual(['Mine', '', ''].map((description) => ({ id: PROJECT, sameName: 'refuse', description })));
  });

  it('unlocks the hold-out', async () => {
    const { status, body } = await patch({ holdoutUnlocked: true });
    expect([status, body.holdoutUnlocked]).toEqual([200, true]);
    expect(system.lastCall()).toEqual({ projectId: PROJECT, holdoutUnlocked: true });
    expect(requestsOf(projectContracts.update.subject)).toEqual([]);
  });

  it.each([[{ workerCount: 0 }], [{ workerCount: 4 }], [{ workerCount: -1 }], [{}], [undefined]])(
    'changes nothing for %j, and answers with the project',
    async (body) => {
      const { status, body: got } = await patch(body);
      expect([status, got.id, got.holdoutUnlocked]).toEqual([200, PROJECT, false]);
      for (const { update } of [projectContracts, modelingContracts]) expect(requestsOf(update.subject)).toEqual([]);
    },
  );

  it.each([
    ['projectName', ''],
    ['projectName', '  '],
    ['projectName', 'a\tb'],
    ['projectName', 'x'.repeat(MAX_PROJECT_NAME_LENGTH + 1)],
    ['projectName', null],
    ['projectDescription', 'x'.repeat(MAX_DESCRIPTION_LENGTH + 1)],
    ['projectDescription', 1],
    ['holdoutUnlocked', false],
    ['holdoutUnlocked', 'true'],
    ['workerCount', -2],
    ['workerCount', 1.5],
    ['workerCount', '4'],
  ])('refuses a %s of %j with 422', async (field, value) => {
    const { status, body } = await patch({ [field]: value });
    expect([status, Object.keys(body.errors)]).toEqual([422, [field]]);
    expect(system.calls).toEqual([]);
  });

  it('says why a hold-out stays unlocked', async () => {
    expect((await patch({ holdoutUnlocked: false })).body.message).toMatch(/cannot be locked again/);
  });

  it('changes no name where it cannot unlock the hold-out, and says why', async () => {
    system.answerProject(project, { ...modeling, dataset: null, rowCount: null });
    const { status, body } = await patch({ projectName: 'x', holdoutUnlocked: true });
    expect([status, body.message]).toEqual([422, 'A project that was not made of a dataset has no hold-out.']);
    for (const { update } of [projectContracts, modelingContracts]) expect(requestsOf(update.subject)).toEqual([]);
  });

  it('refuses a new name for a project that every workspace has with 422, and changes nothing else', async () => {
    system.answer(projectContracts.update, () => {
      throw new DomainError('FAILED_PRECONDITION', 'Every workspace has this project.');
    });
    const { status, body } = await patch({ projectName: 'x', holdoutUnlocked: true });
    expect([status, body.message]).toEqual([422, 'Every workspace has this project.']);
    expect(requestsOf(modelingContracts.update.subject)).toEqual([]);
  });
});

describe('DELETE projects/{id}/', () => {
  it('deletes the project with its models', async () => {
    system.answer(trainingIngestContracts.deleteProject, () => ({}));
    const { status, body } = await system.ask('DELETE', PATH);
    expect([status, body]).toEqual([204, '']);
    expect(system.lastCall()).toEqual({ projectId: PROJECT });
  });

  it('refuses a project that every workspace has with 422', async () => {
    system.answer(trainingIngestContracts.deleteProject, () => {
      throw new DomainError('FAILED_PRECONDITION', 'Every workspace has this project.');
    });
    const { status, body } = await system.ask('DELETE', PATH);
    expect([status, body.message]).toEqual([422, 'Every workspace has this project.']);
  });
});

describe('what a project says of its modelling', () => {
  it('is an object without members for the options', async () => {
    const { status, body } = await system.ask('GET', `${PATH}options/`);
    expect([status, body]).toEqual([200, {}]);
  });

  it.each([
    ['filling', { stage: 'eda', stageDescription: 'Adding the images to the project' }],
    ['ready', { stage: 'aim', stageDescription: 'Ready to set the target' }],
  ] as const)('is the stage of a project whose state is %s', async (state, expected) => {
    system.answerProject(project, { ...modeling, state });
    expect((await system.ask('GET', `${PATH}status/`)).body).toEqual({ autopilotDone: false, ...expected });
  });
});

describe('a project that does not exist', () => {
  const tails = ['', 'options/', 'status/', 'features/', 'features/a/', 'featurelists/', 'imageSamples/', 'findings/'];
  const more = ['images/', 'imageBins/?featureName=a', 'duplicateImages/a/', 'features/metrics/?featureName=a'];
  const paths = [...tails, ...more, 'imagesDataQualityLog/', 'imagesDataQualityLog/file/'];

  it.each(paths)('is not found at %s', async (tail) => {
    system.reset();
    expect((await system.ask('GET', `${PATH}${tail}`)).status).toBe(404);
    system.reset();
    for (const id of ['x', 'null', 'A'.repeat(24)])
      expect((await system.ask('GET', `projects/${id}/${tail}`)).status).toBe(404);
    expect(system.calls).toEqual([]);
  });

  it('is neither changed nor deleted', async () => {
    system.reset();
    const changes = [{}, { projectName: 'x' }, { holdoutUnlocked: true }];
    for (const body of changes) expect((await system.ask('PATCH', PATH, { body })).status).toBe(404);
    expect((await system.ask('DELETE', PATH)).status).toBe(404);
    expect((await system.ask('PATCH', 'projects/x/', { body: {} })).status).toBe(404);
    expect((await system.ask('DELETE', 'projects/x/')).status).toBe(404);
  });
});
