import { beforeAll, describe, expect, it } from '@jest/globals';
import { archive, DatasetsClient, fieldPart, filePart, patterned, petArchive, type Json } from './support/datasets.js';
import { form } from './support/filters.js';
import { createKey, sharedSystem } from './support/stack.js';

/** Projects of the DataRobot API against the started stack, and as Custom Vision shows them. */
const system = sharedSystem();
const CUSTOM_VISION = `${system.url}/customvision/v3.3/training/projects`;

let client: DatasetsClient;
let key: string;
beforeAll(async () => {
  const apiKey = await createKey(system, { name: 'projects' });
  key = apiKey.key;
  client = new DatasetsClient(system, apiKey);
});

/** Waits until a project has been made. Returns its path. */
async function made(location: unknown): Promise<string> {
  const ended = await client.wait(String(location));
  expect([ended.status, ended.bytes.toString()]).toEqual([303, expect.anything()]);
  const path = /\/api\/v2\/(projects\/[0-9a-f]{24})\/$/.exec(String(ended.headers.location));
  return path?.[1] ?? 'no project';
}

async function create(file: string | Buffer, ...fields: ReturnType<typeof fieldPart>[]): Promise<string> {
  const answer = await client.ask('POST', 'projects/', form([...fields, filePart(file, 'data.csv')]));
  expect([answer.status, answer.bytes.toString()]).toEqual([202, expect.anything()]);
  return made(answer.headers.location);
}

const vision = (method: string, path: string) =>
  client.ask(method, `${CUSTOM_VISION}${path}`, { headers: { 'training-key': key } });

/** Finds a project in Custom Vision, whose ids have another form, by its name there. */
async function inVision(name: string): Promise<Json> {
  const projects: Json[] = (await vision('GET', '')).body;
  return projects.find((project) => project.name === name);
}

describe('a project of an uploaded archive', () => {
  let path: string;
  let project: Json;
  beforeAll(async () => {
    path = await create(await petArchive(), fieldPart('projectName', 'pets'));
    project = (await client.get(`${path}/`)).body;
  });

  it('is ready for its target', async () => {
    expect(project).toMatchObject({ projectName: 'pets', stage: 'aim', target: null, fileName: 'data.csv' });
    expect((await client.get(`${path}/status/`)).body).toMatchObject({ stage: 'aim' });
    expect((await client.get(`${path}/options/`)).body).toEqual({});
    const listed = (await client.get('projects/?projectName=PETS')).body;
    expect(listed.map(({ id }: Json) => id)).toContain(project.id);
    const ofDataset = (await client.get(`datasets/${project.catalogId}/projects/`)).body;
    expect(ofDataset.data).toEqual([{ id: project.id, url: expect.stringContaining(`/projects/${project.id}/`) }]);
  });

  it('lists each image once, and the bytes of each', async () => {
    const { body } = await client.get(`${path}/imageSamples/?featureName=image`);
    expect(body).toMatchObject({ count: 6, totalCount: 6, next: null });
    const { forwards, backwards } = await client.walk(`${path}/imageSamples/?featureName=image`);
    expect(forwards).toEqual(body.data);
    expect(backwards).toEqual([...body.data].reverse());
    for (const { imageId, width, height } of body.data) {
      expect((await client.get(`${path}/images/${imageId}/`)).body).toMatchObject({ imageId, width, height });
      const file = await client.get(`${path}/images/${imageId}/file/`);
      expect([file.status, file.headers['content-type']]).toEqual([200, 'image/jpeg']);
    }
  });

  it('lists the image that two rows have', async () => {
    const { body } = await client.get(`${path}/duplicateImages/image/`);
    const [first] = (await client.get(`${path}/imageSamples/?featureName=image`)).body.data;
    expect(body.data).toEqual([{ imageId: first.imageId, rowCount: 2 }]);
    expect((await client.get(`${path}/duplicateImages/class/`)).status).toBe(422);
  });

  it('has features, featurelists and the quality log of its dataset', async () => {
    const features = (await client.get(`${path}/features/`)).body;
    expect(features).toMatchObject([
      { name: 'class', featureType: 'Categorical' },
      { name: 'image', featureType: 'Image' },
    ]);
    expect((await client.get(`${path}/features/class/`)).body).toEqual(features[0]);
    expect((await client.get(`${path}/features/metrics/?featureName=class`)).body.availableMetrics).toContain(
      'LogLoss',
    );
    const lists = (await client.get(`${path}/featurelists/`)).body;
    expect(lists.map(({ name }: Json) => name).sort()).toEqual(['Informative Features', 'Raw Features']);
    const log = (await client.get(`${path}/imagesDataQualityLog/`)).body;
    expect(log.data).toEqual((await client.get(`datasets/${project.catalogId}/imagesDataQualityLog/`)).body.data);
    const file = await client.get(`${path}/imagesDataQualityLog/file/`);
    expect(file.bytes.toString()).toBe(log.data.map((line: string) => `${line}\n`).join(''));
  });

  it('offers augmentation of its image column only', async () => {
    expect((await client.get(`imageAugmentationOptions/${project.id}`)).body).toMatchObject({ featureName: 'image' });
    const list = { projectId: project.id, name: 'l', numberOfNewImages: 1, transformationProbability: 0.5 };
    const refused = await client.ask('POST', 'imageAugmentationLists/', { json: { ...list, featureName: 'class' } });
    expect(refused.status).toBe(422);
    const made = await client.ask('POST', 'imageAugmentationLists/', { json: { ...list, featureName: 'image' } });
    expect(made.status).toBe(201);
  });

  it('is a project of Custom Vision with the same images', async () => {
    const { id } = await inVision('pets');
    expect((await vision('GET', `/${id}/images/untagged`)).body).toHaveLength(6);
  });

  it('may have the name of another project, and of a project that each workspace has', async () => {
    const names = ['pets', 'library'];
    for (const name of names) {
      const other = await create('a,b\n1,x\n2,y\n', fieldPart('projectName', name));
      expect((await client.get(`${other}/`)).body.projectName).toBe(name);
      expect(await inVision(`${name} (2)`)).toBeDefined();
    }
  });

  it('takes another name and a description', async () => {
    const changes = { projectName: 'Pets of 2026', projectDescription: 'cats and dogs', workerCount: 2 };
    const { status, body } = await client.ask('PATCH', `${path}/`, { json: changes });
    expect([status, body.projectName]).toEqual([200, 'Pets of 2026']);
    expect((await client.get(`${path}/`)).body).toEqual(body);
  });
});

describe('a project with a target', () => {
  let path: string;
  const aim = (json: object) => client.ask('PATCH', `${path}/aim/`, { json });
  beforeAll(async () => {
    path = await create(await petArchive(), fieldPart('projectName', 'aimed'));
    expect((await aim({ target: 'nothing', mode: 'quick' })).status).toBe(422);
    expect((await client.get(`${path}/images/?column=image`)).status).toBe(422);
    const answer = await aim({ target: 'class', mode: 'quick' });
    expect(answer.status).toBe(202);
    expect(await made(answer.headers.location)).toBe(path);
  });

  it('is at the stage modeling, and takes no second one', async () => {
    const { body } = await client.get(`${path}/`);
    expect(body).toMatchObject({ stage: 'modeling', target: 'class', targetType: 'Binary', positiveClass: 'dögs' });
    expect((await client.get(`${path}/status/`)).body.stage).toBe('modeling');
    expect((await aim({ target: 'class' })).status).toBe(422);
  });

  it('lists its images by their values', async () => {
    const all = (await client.get(`${path}/images/?column=image`)).body;
    expect(all.totalCount).toBe(6);
    expect(new Set(all.data.map(({ targetValue }: Json) => targetValue))).toEqual(new Set(['cats', 'dögs']));
    const query = `${path}/images/?column=image&targetValue=${encodeURIComponent('dögs')}`;
    const dogs = all.data.filter(({ targetValue }: Json) => targetValue === 'dögs');
    const { forwards, backwards } = await client.walk(query);
    expect(forwards).toEqual(dogs);
    expect(backwards).toEqual([...dogs].reverse());
    const bins = '&targetBinStart=0&targetBinEnd=1';
    for (const wrong of [`${query}${bins}`, `${path}/images/?column=image${bins}`, `${path}/images/?targetBinStart=0`])
      expect([wrong, (await client.get(wrong)).status]).toEqual([wrong, 422]);
  });

  it('has a bin for each class with all of its rows', async () => {
    const { body } = await client.get(`${path}/imageBins/?featureName=image`);
    const found = body.data.map(({ targetValue, targetBinRowCount }: Json) => [targetValue, targetBinRowCount]);
    expect(found).toEqual([
      ['cats', 4],
      ['dögs', 5],
    ]);
    const { forwards, backwards } = await client.walk(`${path}/imageBins/?featureName=image`);
    expect(forwards).toEqual(body.data);
    expect(backwards).toEqual([...body.data].reverse());
  });

  it('has its classes as tags in Custom Vision', async () => {
    const { id } = await inVision('aimed');
    const tags = (await vision('GET', `/${id}/tags`)).body;
    expect(tags.map(({ name, imageCount }: Json) => [name, imageCount]).sort()).toEqual([
      ['cats', 3],
      ['dögs', 3],
    ]);
  });
});

describe('a project of a dataset', () => {
  it('keeps its images when the dataset is deleted, and is gone when it is deleted itself', async () => {
    const dataset = await client.create(archive({ 'a/1.jpg': await patterned(101), 'b/2.jpg': await patterned(102) }));
    const answer = await client.ask('POST', 'projects/', { json: { datasetId: dataset.datasetId } });
    expect(answer.status).toBe(202);
    const path = await made(answer.headers.location);
    const samples = (await client.get(`${path}/imageSamples/`)).body;
    expect(samples.totalCount).toBe(2);
    expect((await client.ask('DELETE', `datasets/${dataset.datasetId}/`)).status).toBe(204);
    expect((await client.get(`${path}/`)).body).toMatchObject({ catalogId: null, projectName: 'pets.zip' });
    expect((await client.get(`${path}/imageSamples/`)).body).toEqual(samples);
    expect((await client.ask('DELETE', `${path}/`)).status).toBe(204);
    for (const route of ['', 'imageSamples/', 'features/', 'imagesDataQualityLog/', 'status/', 'options/'])
      expect([route, (await client.get(`${path}/${route}`)).status]).toEqual([route, 404]);
  });

  it('is gone when Custom Vision deletes it', async () => {
    const path = await create(
      archive({ 'a/1.jpg': await patterned(103), 'b/2.jpg': await patterned(104) }),
      fieldPart('projectName', 'deleted elsewhere'),
    );
    const { id } = await inVision('deleted elsewhere');
    expect((await vision('DELETE', `/${id}`)).status).toBe(204);
    expect((await client.get(`${path}/`)).status).toBe(404);
  });
});

describe('an upload that becomes no project', () => {
  it.each([
    ['an archive of texts', () => archive({ 'a/1.txt': 'text' })],
    ['bytes of no format', () => Buffer.from([0, 1, 2, 3])],
  ])('is %s: the status says why, and nothing is left', async (_what, bytes) => {
    const own = new DatasetsClient(system, await createKey(system, {}));
    const before = (await own.get('projects/')).body;
    const { headers } = await own.ask('POST', 'projects/', form([filePart(bytes())]));
    const ended = await own.wait(String(headers.location));
    expect([ended.status, ended.body.status]).toEqual([200, 'ERROR']);
    expect(ended.body.message).toMatch(/^[A-Z].*\.$/);
    expect((await own.get('projects/')).body).toEqual(before);
    expect((await own.get('datasets/')).body.totalCount).toBe(0);
  });

  it.each([
    ['neither a dataset nor an address', {}, 422],
    ['a dataset that is not there', { datasetId: 'f'.repeat(24) }, 404],
    ['an id that is none', { datasetId: 'x' }, 422],
    ['an inner address', { url: 'http://10.0.0.1/x.zip' }, 422],
    ['a file address', { url: 'file:///etc/passwd' }, 422],
    ['a blank name', { datasetId: 'f'.repeat(24), projectName: '  ' }, 422],
  ])('is asked for with %s', async (_what, json, status) => {
    expect((await client.ask('POST', 'projects/', { json })).status).toBe(status);
  });
});

describe('a project that was made in Custom Vision', () => {
  it('is a table of images and tags', async () => {
    const { body: project } = await vision('POST', '?name=elsewhere');
    const headers = { 'training-key': key, 'content-type': 'application/octet-stream' };
    const form = { headers, body: await patterned(7) };
    expect((await client.ask('POST', `${CUSTOM_VISION}/${project.id}/images`, form)).status).toBe(200);
    const found = (await client.get('projects/?projectName=elsewhere')).body[0];
    expect(found).toMatchObject({ projectName: 'elsewhere', stage: 'aim', catalogId: null });
    expect((await client.get(`projects/${found.id}/features/`)).body).toMatchObject([
      { name: 'image', featureType: 'Image', uniqueCount: 1 },
      { name: 'tag', uniqueCount: 0 },
    ]);
    expect((await client.get(`projects/${found.id}/imageSamples/?featureName=image`)).body.totalCount).toBe(1);
  });
});
