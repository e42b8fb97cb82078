/** A Custom Vision project that learns from augmented images, too: the list is DataRobot's. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { fromUuid } from '@pentaprism/domain';
import { json, send } from './support/http.js';
import { createKey, sharedSystem, type ApiKey } from './support/stack.js';
import { pictureOf, VisionProject } from './support/vision.js';

const PICTURES = 6;
const SHAPES = ['disc', 'stripes'] as const;

const system = sharedSystem();
let key: ApiKey;
let project: VisionProject;
let list = '';

/** A call of the DataRobot API. */
const ask = (method: string, path: string, body?: object) =>
  send(method, `${system.url}/api/v2/imageAugmentationLists/${path}`, {
    headers: { authorization: `Bearer ${key.key}`, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });

const refusal = async () => {
  const answer = await project.ask('POST', '/train');
  return [answer.status, json<{ code: string }>(answer).code];
};

/** What an iteration makes of a picture that no training has seen. */
async function predictionsOf(iteration: string) {
  const { predictions } = await project.quickTest(await pictureOf('disc', PICTURES + 2), iteration);
  return predictions.map(({ tagName, probability }) => ({ tagName, probability }));
}

beforeAll(async () => {
  key = await createKey(system, { role: 'owner' });
  project = await VisionProject.create(system, key, { name: 'augmented', classificationType: 'Multiclass' });
  for (const shape of SHAPES) {
    await project.addTag(shape);
    for (let n = 0; n < PICTURES; n++) await project.addImage(await pictureOf(shape, n), shape);
  }
});

describe('a training', () => {
  it('without a list is based on the images alone, and is not needed twice', async () => {
    expect(await project.train()).toMatchObject({ status: 'Completed' });
    expect(await refusal()).toEqual([400, 'BadRequestTrainingNotNeeded']);
  });

  it('is needed again for the list of the project that is an initial one, and learns from it', async () => {
    const settings = {
      name: 'for trainings',
      projectId: fromUuid(project.id),
      transformationProbability: 1,
      numberOfNewImages: 2,
      transformations: [{ name: 'rotation', note: 'mine' }, { name: 'horizontal_flip' }],
    };
    const made = await ask('POST', '', settings);
    expect(made.status).toBe(201);
    list = json<{ augmentationListId: string }>(made).augmentationListId;
    expect(await refusal()).toEqual([400, 'BadRequestTrainingNotNeeded']);
    expect((await ask('PATCH', `${list}/`, { initialList: true })).status).toBe(204);
    const [plain] = await project.get<{ id: string }[]>('/iterations');
    const augmented = await project.train();
    expect(augmented.status).toBe('Completed');
    expect(await predictionsOf(augmented.id)).not.toEqual(await predictionsOf(plain?.id as string));
    expect((await predictionsOf(augmented.id))[0]?.tagName).toBe('disc');
    const path = `/iterations/${augmented.id}/performance/images?take=256`;
    expect(await project.get(path)).toHaveLength(SHAPES.length * PICTURES);
    expect(await refusal()).toEqual([400, 'BadRequestTrainingNotNeeded']);
  });

  it('with the same list gives the same model when it is forced', async () => {
    const [before] = await project.get<{ id: string }[]>('/iterations');
    const again = await project.train('?forceTrain=true');
    expect(await predictionsOf(again.id)).toEqual(await predictionsOf(before?.id as string));
  });

  it('is needed again when the list changes, but not for its name', async () => {
    expect((await ask('PATCH', `${list}/`, { name: 'renamed' })).status).toBe(204);
    expect(await refusal()).toEqual([400, 'BadRequestTrainingNotNeeded']);
    expect((await ask('PATCH', `${list}/`, { numberOfNewImages: 1 })).status).toBe(204);
    expect(await project.train()).toMatchObject({ status: 'Completed' });
    expect(await refusal()).toEqual([400, 'BadRequestTrainingNotNeeded']);
  });

  it('keeps its list from being deleted', async () => {
    expect(json<{ inUse: boolean }>(await ask('GET', `${list}/`)).inUse).toBe(true);
    expect((await ask('DELETE', `${list}/`)).status).toBe(400);
    expect((await ask('GET', `${list}/`)).status).toBe(200);
  });
});
