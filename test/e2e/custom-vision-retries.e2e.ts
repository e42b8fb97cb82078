import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import { json, send } from './support/http.js';
import { createKey, sharedSystem, type ApiKey } from './support/stack.js';
import { pictureOf, SHAPE_NAMES, TRAINING, VisionProject, type Iteration, type VisionImage } from './support/vision.js';

jest.setTimeout(180_000);

/**
 * What becomes of a POST that a client sends again, since its answer was lost: npm's client does so by itself after a 5xx,
 * others are told to by their users. Each time the first answer is thrown away.
 */
const PICTURES = 5;
const system = sharedSystem();
let key: ApiKey;
let project: VisionProject;
beforeAll(async () => {
  key = await createKey(system, {});
  project = await VisionProject.create(system, key, { name: 'retries', classificationType: 'Multiclass' });
});

interface Summary {
  readonly isBatchSuccessful: boolean;
  readonly images: { readonly status: string; readonly image: VisionImage }[];
}

const errorOf = async (path: string) => {
  const answer = await project.ask('POST', path);
  return [answer.status, json<{ code: string }>(answer).code];
};

describe('a POST that is sent again', () => {
  it('of a project makes another one with a number in its name, as the original does', async () => {
    const headers = { 'training-key': key.key };
    const create = () => send('POST', `${system.url}${TRAINING}/projects?name=twice`, { headers });
    const [first, again] = [json<{ id: string }>(await create()), json<{ id: string; name: string }>(await create())];
    expect(again.name).toBe('twice (1)');
    const projects = json<{ id: string; name: string }[]>(
      await send('GET', `${system.url}${TRAINING}/projects`, { headers }),
    );
    expect(projects.filter(({ name }) => name.startsWith('twice')).map((each) => each.id)).toEqual([
      again.id,
      first.id,
    ]);
  });

  it('of a tag finds it by its name', async () => {
    for (const shape of SHAPE_NAMES) await project.addTag(shape);
    expect(await errorOf('/tags?name=disc')).toEqual([400, 'BadRequestTagNameNotUnique']);
    const tags = await project.get<{ id: string; name: string }[]>('/tags');
    expect(new Map(tags.map(({ id, name }) => [name, id]))).toEqual(project.tags);
  });

  it('of images is answered with the same images', async () => {
    for (const shape of SHAPE_NAMES) {
      const pictures = await Promise.all(Array.from({ length: PICTURES }, (_, n) => pictureOf(shape, n)));
      const images = pictures.map((bytes) => ({ contents: bytes.toString('base64') }));
      const batch = { images, tagIds: [project.tags.get(shape)] };
      const [first, again] = [
        await project.get<Summary>('/images/files', 'POST', { body: batch }),
        await project.get<Summary>('/images/files', 'POST', { body: batch }),
      ];
      const known = (summary: Summary) => summary.images.map(({ image: { id, tags } }) => ({ id, tags }));
      expect(known(again)).toEqual(known(first));
      expect([first, again].map(({ images: all }) => [...new Set(all.map(({ status }) => status))])).toEqual([
        ['OK'],
        ['OKDuplicate'],
      ]);
      expect(again.isBatchSuccessful).toBe(false);
    }
    expect(await project.get('/images/count')).toBe(SHAPE_NAMES.length * PICTURES);
  });

  it('of images that the first request is still being answered for makes each once', async () => {
    const bytes = await pictureOf('disc', PICTURES);
    const sent = Array.from({ length: 4 }, () =>
      project.get<Summary>(`/images?tagIds=${project.tags.get('disc')}`, 'POST', { bytes }),
    );
    const results = (await Promise.all(sent)).flatMap(({ images }) => images);
    expect(results.map(({ status }) => status).sort()).toEqual(['OK', ...Array<string>(3).fill('OKDuplicate')]);
    expect(new Set(results.map(({ image }) => image.id)).size).toBe(1);
    expect(await project.get('/images/count')).toBe(SHAPE_NAMES.length * PICTURES + 1);
  });

  it('of taggings finds them there', async () => {
    const [image] = await project.get<VisionImage[]>(`/images/tagged?tagIds=${project.tags.get('check')}&take=1`);
    const tags = [{ imageId: image?.id, tagId: project.tags.get('stripes') }];
    const [first, again] = [
      await project.get<object>('/images/tags', 'POST', { body: { tags } }),
      await project.get<object>('/images/tags', 'POST', { body: { tags } }),
    ];
    expect(first).toEqual({ created: tags, duplicated: [], exceeded: [] });
    expect(again).toEqual({ created: [], duplicated: tags, exceeded: [] });
    const remove = `/images/tags?imageIds=${image?.id}&tagIds=${project.tags.get('stripes')}`;
    for (let time = 0; time < 2; time++) expect((await project.ask('DELETE', remove)).status).toBe(204);
  });

  it('of a training starts no second one', async () => {
    const { id } = await project.get<Iteration>('/train', 'POST');
    // It may have ended meanwhile: then there is nothing to train.
    expect([
      [400, 'BadRequestTrainingAlreadyInProgress'],
      [400, 'BadRequestTrainingNotNeeded'],
    ]).toContainEqual(await errorOf('/train'));
    const all = () => project.get<Iteration[]>('/iterations');
    expect((await all()).map((each) => each.id)).toEqual([id]);
    await eventually(async () => expect((await all())[0]?.status).toBe('Completed'), { timeoutMs: 60_000 });
    expect(await errorOf('/train')).toEqual([400, 'BadRequestTrainingNotNeeded']);
    expect(await all()).toHaveLength(1);
  });

  it('of a publication finds it published, or does it again where that is wanted', async () => {
    const [iteration] = await project.get<Iteration[]>('/iterations');
    const publish = `/iterations/${iteration?.id}/publish?publishName=model&predictionId=p`;
    expect(await project.get(publish, 'POST')).toBe(true);
    expect(await errorOf(publish)).toEqual([400, 'BadRequestIterationIsPublished']);
    expect(await project.get(`${publish}&overwrite=true`, 'POST')).toBe(true);
    const names = await project.get<{ publishName: string }[]>('/iterations');
    expect(names.map(({ publishName }) => publishName)).toEqual(['model']);
  });

  it('of a stored prediction stores another, and both are of one picture', async () => {
    const bytes = await pictureOf('disc', 17);
    const [first, again] = [
      await project.get<{ id: string }>('/quicktest/image', 'POST', { bytes }),
      await project.get<{ id: string }>('/quicktest/image', 'POST', { bytes }),
    ];
    const images = [first, again].map(({ id }) => ({ id }));
    const { images: added } = await project.get<Summary>('/images/predictions', 'POST', { body: { images } });
    expect(added.map(({ status }) => status)).toEqual(['OK', 'OKDuplicate']);
    expect(new Set(added.map(({ image }) => image.id)).size).toBe(1);
  });
});
