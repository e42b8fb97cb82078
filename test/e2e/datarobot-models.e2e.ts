import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import { drawing } from '../drawings.js';
import { archive, DatasetsClient, fieldPart, filePart, type Json, type Reply } from './support/datasets.js';
import { form } from './support/filters.js';
import { createKey, sharedSystem } from './support/stack.js';

/** Models and insights of the DataRobot API against the started stack. */
const system = sharedSystem();

/** Milliseconds that the models of a small project may take beside other tests. */
const TRAINED_WITHIN_MS = 120_000;

let client: DatasetsClient;
beforeAll(async () => {
  client = new DatasetsClient(system, await createKey(system, { name: 'models' }));
});

const FILES = 12;

/** Makes a project of two classes whose target is set. Returns its path. */
async function aimed(mode: string): Promise<string> {
  const files: Record<string, Buffer> = {};
  for (const shape of ['disc', 'stripes'] as const)
    for (let n = 0; n < FILES; n++) files[`${shape}/${n}.png`] = await drawing(shape, n);
  const parts = [fieldPart('projectName', `models, ${mode}`), filePart(archive(files), 'data.csv')];
  const created = await client.ask('POST', 'projects/', form(parts));
  const { headers } = await client.wait(String(created.headers.location));
  const path = /projects\/[0-9a-f]{24}/.exec(String(headers.location))?.[0] ?? 'no project';
  const aim = await client.ask('PATCH', `${path}/aim/`, { json: { target: 'class', mode } });
  expect((await client.wait(String(aim.headers.location))).status).toBe(303);
  return path;
}

/** Polls a job until it has ended. */
function jobEnd(location: unknown): Promise<Reply> {
  return eventually(
    async () => {
      const reply = await client.get(String(location));
      expect(['queue', 'inprogress']).not.toContain(reply.body.status);
      return reply;
    },
    { timeoutMs: TRAINED_WITHIN_MS },
  );
}

describe('a project in quick mode', () => {
  let path: string;
  let models: Json[];
  beforeAll(async () => {
    path = await aimed('quick');
    await eventually(
      async () => expect((await client.get(`${path}/status/`)).body).toMatchObject({ autopilotDone: true }),
      { timeoutMs: TRAINED_WITHIN_MS },
    );
    models = (await client.get(`${path}/models/?orderBy=-metric`)).body;
  });

  it('has models of several kinds, the best first, one of them of Keras', async () => {
    expect(models.length).toBeGreaterThanOrEqual(2);
    const losses = models.map(({ metrics }) => metrics.LogLoss.validation);
    expect(losses).toEqual([...losses].sort((a, b) => a - b));
    expect(Math.max(...models.map(({ metrics }) => metrics.LogLoss.crossValidation))).toBeLessThan(0.69);
    const keras = (await client.get(`${path}/models/?name=keras`)).body;
    expect(keras.map(({ modelType }: Json) => modelType)).toContainEqual(expect.stringContaining('Keras'));
    for (const { id } of models)
      expect((await client.get(`${path}/models/${id}/`)).body).toEqual(models.find((model) => model.id === id));
    const { forwards, backwards } = await client.walk(`${path}/modelRecords/`);
    expect(forwards.map(({ id }) => id).sort()).toEqual(models.map(({ id }) => id).sort());
    expect(backwards).toEqual([...forwards].reverse());
  });

  it('shows the hold-out only after it was unlocked', async () => {
    expect(models.map(({ metrics }) => metrics.LogLoss.holdout)).toEqual(models.map(() => null));
    expect((await client.ask('PATCH', `${path}/`, { json: { holdoutUnlocked: true } })).status).toBe(200);
    const [model] = (await client.get(`${path}/models/`)).body;
    expect(model.metrics.LogLoss.holdout).toEqual(expect.any(Number));
  });

  it('has embeddings of every image, once they were computed', async () => {
    const insight = `${path}/models/${models[0].id}/imageEmbeddings/`;
    expect((await client.get(`${insight}?featureName=image`)).body.embeddings).toEqual([]);
    const asked = await client.ask('POST', insight);
    expect([asked.status, asked.headers.location]).toEqual([202, asked.body.url]);
    expect(await jobEnd(asked.body.url)).toMatchObject({ status: 303, body: { status: 'COMPLETED' } });
    expect((await client.ask('POST', insight)).status).toBe(422);
    const { embeddings, targetValues } = (await client.get(`${insight}?featureName=image`)).body;
    expect(targetValues).toEqual(['disc', 'stripes']);
    expect(embeddings).toHaveLength(2 * FILES);
    for (const { positionX, positionY, prediction } of embeddings) {
      expect([Number.isFinite(positionX), Number.isFinite(positionY)]).toEqual([true, true]);
      expect(prediction.values.flat().reduce((sum: number, value: number) => sum + value, 0)).toBeCloseTo(1, 4);
    }
    expect((await client.get(`${path}/imageEmbeddings/`)).body.data).toEqual([
      { modelId: models[0].id, featureName: 'image' },
    ]);
    expect((await client.get(insight)).status).toBe(422);
    expect((await client.get(`${insight}?featureName=class`)).status).toBe(422);
  });

  it('has activation maps with overlays that are images of their own', async () => {
    const insight = `${path}/models/${models[0].id}/imageActivationMaps/`;
    const asked = await client.ask('POST', insight);
    expect(await jobEnd(asked.body.url)).toMatchObject({ status: 303 });
    const body = (await client.get(`${insight}?featureName=image`)).body;
    expect(body.activationMaps).toHaveLength(2 * FILES);
    const paged = (await client.get(`${insight}?featureName=image&offset=2&limit=3`)).body;
    expect(paged.activationMaps).toEqual(body.activationMaps.slice(2, 5));
    const [{ imageId, overlayImageId, activationValues, links }] = body.activationMaps;
    expect(activationValues).toHaveLength(body.activationMapHeight);
    expect(activationValues[0]).toHaveLength(body.activationMapWidth);
    const overlay = await client.get(links.downloadOverlayImage);
    expect([overlay.status, overlay.headers['content-type']]).toEqual([200, expect.stringMatching(/^image\//)]);
    expect((await client.get(`${path}/images/${overlayImageId}/`)).body.imageId).toBe(overlayImageId);
    expect((await client.get(links.downloadOriginalImage)).status).toBe(200);
    const listed = (await client.get(`${path}/images/?column=image`)).body.data;
    expect(listed.map((image: Json) => image.imageId)).toContain(imageId);
    expect(listed.map((image: Json) => image.imageId)).not.toContain(overlayImageId);
  });

  it('is trained in Custom Vision as well, with its classes as tags', async () => {
    const key = client.apiKey.key;
    const training = `${system.url}/customvision/v3.3/training/projects`;
    const vision = (method: string, url: string) => client.ask(method, url, { headers: { 'training-key': key } });
    const projects: Json[] = (await vision('GET', training)).body;
    const { id } = projects.find(({ name }) => name === 'models, quick');
    const { body: iteration } = await vision('POST', `${training}/${id}/train`);
    await eventually(
      async () => {
        const found = (await vision('GET', `${training}/${id}/iterations/${iteration.id}`)).body;
        expect(found.status).toBe('Completed');
      },
      { timeoutMs: TRAINED_WITHIN_MS },
    );
    expect((await client.get(`${path}/models/`)).body).toHaveLength(models.length);
  });
});

describe('a project in manual mode', () => {
  let path: string;
  beforeAll(async () => {
    path = await aimed('manual');
  });

  it('has no models until one is asked for, whose job shows it', async () => {
    expect((await client.get(`${path}/models/`)).body).toEqual([]);
    expect((await client.get(`${path}/recommendedModels/recommendedModel/`)).status).toBe(404);
    const [blueprint] = (await client.get(`${path}/blueprints/`)).body;
    const asked = await client.ask('POST', `${path}/models/`, { json: { blueprintId: blueprint.id } });
    expect(asked.status).toBe(202);
    const ended = await jobEnd(asked.headers.location);
    expect(ended).toMatchObject({ status: 303, body: { status: 'COMPLETED', blueprintId: blueprint.id } });
    const model = (await client.get(String(ended.headers.location))).body;
    expect(model).toMatchObject({ blueprintId: blueprint.id, modelType: blueprint.modelType });
    expect((await client.ask('DELETE', String(asked.headers.location))).status).toBe(422);
    expect((await client.ask('DELETE', `${path}/models/${model.id}/`)).status).toBe(204);
    expect((await client.get(`${path}/models/${model.id}/`)).status).toBe(404);
  });

  it('ends a training that is cancelled, and lists nothing of it', async () => {
    const [first, second] = (await client.get(`${path}/blueprints/`)).body;
    const asked = [];
    for (const { id } of [first, second])
      asked.push(await client.ask('POST', `${path}/models/`, { json: { blueprintId: id } }));
    const last = String(asked.at(-1)?.headers.location);
    expect((await client.ask('POST', `${path}/models/`, { json: { blueprintId: second.id } })).status).toBe(422);
    const listed = (await client.get(`${path}/modelJobs/`)).body;
    expect(listed.map(({ url }: Json) => url)).toHaveLength(2);
    expect((await client.ask('DELETE', last)).status).toBe(204);
    expect((await client.get(last)).body.status).toBe('ABORTED');
    expect((await jobEnd(asked[0]?.headers.location)).status).toBe(303);
    expect((await client.get(`${path}/models/`)).body).toHaveLength(1);
    expect((await client.get(`${path}/modelJobs/`)).body).toEqual([]);
  });

  it('refuses a blueprint that it does not have, and ids of nothing', async () => {
    const unknown = await client.ask('POST', `${path}/models/`, { json: { blueprintId: 'unknown' } });
    expect([unknown.status, unknown.body.message]).toEqual([422, expect.stringContaining('blueprint')]);
    for (const route of ['models/0123456789abcdef01234567/', 'jobs/4000000/', 'modelJobs/none/'])
      expect([route, (await client.get(`${path}/${route}`)).status]).toEqual([route, 404]);
  });
});
