import { beforeEach, describe, expect, it } from '@jest/globals';
import { iterationContracts, projectContracts, trainingImageContracts } from '@pentaprism/contracts';
import { DomainError, toUuid } from '@pentaprism/domain';
import { ITERATION_RECORD, ITER, P, PROJECT, PROJECT_RECORD, apiOfSuite, trainingImage, V1, V3 } from './custom-vision.fixture.js'; // prettier-ignore

/**
 * What else the traffic with the original service shows that tests of its .NET SDK recorded, from v1.2 of February 2018 to
 * v3.4-preview of November 2020. Members and statuses of each version are in `versions.spec.ts`.
 *
 * | fact                                                                      | recorded in            |
 * | ------------------------------------------------------------------------- | ---------------------- |
 * | a project of a taken name is created as `name (1)`                        | v1.2, v3.4             |
 * | settings of a project: Classification is MultiLabel, UseNegativeSet true  | v1.2                   |
 * | iterations are listed oldest first, and the workspace as New behind them  | v1.2                   |
 * | images by id are listed oldest first, whatever the order of the ids       | v3.4                   |
 * | projects are listed newest first                                          | v3.4                   |
 * | an export that is being made is BadRequestExportAlreadyInProgress         | v1.2                   |
 * | a tag without a description has null, with an empty one too               | v3.0, v3.1, v3.2, v3.4 |
 *
 * Not followed, because the answer here says more and no client can depend on null: the tags of an image that was just added
 * have a null `tagName`; an iteration in training has a null `exportableTo`, `domainId` and `classificationType` at first (v3.1);
 * `created` of images and tags has no time zone.
 */
const api = apiOfSuite();

it('lists projects newest first', async () => {
  const [older, newer] = ['older', 'newer'].map((uniqueName, createdAt) => ({
    ...PROJECT_RECORD,
    uniqueName,
    createdAt,
  }));
  api.answer(projectContracts.list, () => ({ projects: [older, newer], total: 2 }));
  const answer = await api.json('GET', '/customvision/v3.4-preview/training/projects');
  expect(answer.body).toMatchObject([{ name: 'newer' }, { name: 'older' }]);
});

describe('a project of a taken name', () => {
  const taken = (names: readonly string[]) =>
    api.answer(projectContracts.create, ({ name }: { name: string }) => {
      if (names.includes(name)) throw new DomainError('CONFLICT', 'The name is taken.');
      return { ...PROJECT_RECORD, name, uniqueName: name };
    });

  it.each(['v1.2/Training', 'v3.0/training', 'v3.4-preview/training'])('gets a number in %s', async (version) => {
    taken(['p', 'p (1)']);
    const answer = await api.json('POST', `/customvision/${version}/projects?name=p`);
    const { name, Name = name } = answer.body as unknown as { name?: string; Name?: string };
    expect([answer.status, Name]).toEqual([200, 'p (2)']);
  });

  it('is refused where the number does not fit', async () => {
    const name = 'n'.repeat(126);
    taken([name]);
    const answer = await api.json('POST', `/customvision/v3.3/training/projects?name=${name}`);
    expect([answer.status, answer.body]).toMatchObject([400, { code: 'BadRequestProjectNameNotUnique' }]);
    expect(api.requestsTo(projectContracts.create)).toHaveLength(1);
  });

  it('is refused where another project is renamed', async () => {
    api.fail(projectContracts.update, new DomainError('CONFLICT', 'The name is taken.'));
    const answer = await api.json('PATCH', V3, { name: 'p' });
    expect([answer.status, answer.body]).toMatchObject([400, { code: 'BadRequestProjectNameNotUnique' }]);
  });
});

describe('v1.2', () => {
  const workspace = {
    Id: toUuid(PROJECT, 1),
    IsDefault: false,
    Status: 'New',
    ProjectId: P,
    Exportable: false,
    DomainId: null,
  };

  beforeEach(() => api.answer(projectContracts.get, () => PROJECT_RECORD));

  it('lists iterations oldest first, and the workspace behind them', async () => {
    const other = { ...ITERATION_RECORD, id: 'e'.repeat(24), name: 'Iteration 4', createdAt: 0 };
    api.answer(iterationContracts.list, () => ({ iterations: [{ ...other, createdAt: 9 }, ITERATION_RECORD] }));
    const listed = (await api.json('GET', `${V1}/iterations`)).body as unknown as Record<string, unknown>[];
    expect(listed.map(({ Name, Status }) => [Name, Status])).toEqual([
      ['Iteration 1', 'Completed'],
      ['Iteration 4', 'Completed'],
      ['Iteration 5', 'New'],
    ]);
    expect(listed[2]).toMatchObject(workspace);
    expect(listed[2]).not.toHaveProperty('TrainedAt');
  });

  it('has the workspace of a project that was never trained as its first iteration', async () => {
    api.answer(iterationContracts.list, () => ({ iterations: [] }));
    const wanted = { ...workspace, Name: 'Iteration 1' };
    expect((await api.json('GET', `${V1}/iterations`)).body).toMatchObject([wanted]);
    expect((await api.json('GET', `${V1}/iterations/${workspace.Id}`)).body).toMatchObject(wanted);
  });

  it.each([
    ['multilabel', 'MultiLabel'],
    ['multiclass', 'MultiClass'],
  ])('names a project of %s in its settings', async (classificationType, Classification) => {
    const training = { ...PROJECT_RECORD.training, classificationType };
    api.answer(projectContracts.get, () => ({ ...PROJECT_RECORD, training }));
    expect((await api.json('GET', V1)).body).toMatchObject({ Settings: { Classification, UseNegativeSet: true } });
  });
});

it('lists images by id oldest first', async () => {
  const [a, b, c] = ['1', '2', '3'].map((digit) => digit.repeat(24)) as [string, string, string];
  const created: Readonly<Record<string, number>> = { [a]: 3, [b]: 1, [c]: 2 };
  api.answer(trainingImageContracts.getMany, ({ ids }: { ids: string[] }) => ({
    images: ids.map((id) => ({ ...trainingImage(id), createdAt: created[id] })),
    next: null,
  }));
  const answer = await api.json('GET', `${V3}/images/id?imageIds=${[a, b, c].map((id) => toUuid(id)).join(',')}`);
  expect((answer.body as unknown as { id: string }[]).map(({ id }) => id)).toEqual([b, c, a].map((id) => toUuid(id)));
});

it.each([
  ['v1.2/Training', { Code: 'BadRequestExportAlreadyInProgress' }],
  ['v3.4-preview/training', { code: 'BadRequestExportAlreadyInProgress' }],
])('refuses an export that is being made in %s', async (version, error) => {
  const exporting = { platform: 'onnx', status: 'exporting', content: null };
  api.answer(iterationContracts.exports, () => ({ exports: [exporting] }));
  api.answer(iterationContracts.export, ({ platform }: { platform: string }) => ({ ...exporting, platform }));
  const url = `/customvision/${version}/projects/${P}/iterations/${ITER}/export`;
  const answer = await api.json('POST', `${url}?platform=ONNX`);
  expect([answer.status, answer.body]).toMatchObject([400, error]);
  expect((await api.json('POST', `${url}?platform=ONNX&flavor=ONNX12`)).status).toBe(200);
});
