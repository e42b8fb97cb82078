import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '@pentaprism/testing';
import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { archive, DatasetsClient, filePart, type Json } from './support/datasets.js';
import { form } from './support/filters.js';
import { createKey, sharedSystem } from './support/stack.js';

/** Near duplicates and similar images of a project that was made of an archive, against the started stack. */
const system = sharedSystem();
const photo = (name: string) => readFile(`libs/inference/src/fixtures/${name}.jpg`);

let client: DatasetsClient;
let path: string;
/** The ids of the images, in the order of their rows. */
let ids: string[];
beforeAll(async () => {
  client = new DatasetsClient(system, await createKey(system, { name: 'similar images' }));
  const [coffee, cat] = [await photo('coffee'), await photo('chelsea')];
  const again = await sharp(coffee).jpeg({ quality: 50 }).toBuffer();
  const smaller = await sharp(coffee).resize(160).png().toBuffer();
  const lossless = await sharp(smaller).webp({ lossless: true }).toBuffer();
  const files = {
    ...{ 'a/1.jpg': coffee, 'a/2.jpg': cat, 'a/3.jpg': again },
    ...{ 'b/4.png': smaller, 'b/5.jpg': cat, 'b/6.webp': lossless },
  };
  const { headers } = await client.ask('POST', 'projects/', form([filePart(archive(files), 'data.csv')]));
  const ended = await client.wait(headers.location ?? '');
  path = /projects\/[0-9a-f]{24}/.exec(String(ended.headers.location))?.[0] ?? 'no project';
  ids = (await client.get(`${path}/imageSamples/`)).body.data.map(({ imageId }: Json) => imageId);
  await eventually(
    async () => {
      const { body } = await client.get(`${path}/images/${ids[0]}/similar/`);
      expect([body.pendingCount, body.count]).toEqual([0, 4]);
    },
    { timeoutMs: 60_000 },
  );
});

describe('a project with photos that were encoded again', () => {
  it('has one group of near duplicates, with distances, rows and the picture that was encoded again without loss', async () => {
    const found = await client.get(`${path}/nearDuplicates/?column=image`);
    const { body } = found;
    expect([found.status, body.totalCount, body.pendingCount]).toEqual([200, 1, 0]);
    const [{ imageCount, images }] = body.data;
    expect(imageCount).toBe(4);
    expect(images[0]).toEqual({ imageId: ids[0], distance: 0, samePixelsAs: null, rowCount: 1 });
    expect(images.map(({ imageId }: Json) => imageId).sort()).toEqual([ids[0], ids[2], ids[3], ids[4]].sort());
    const exact = images.filter(({ samePixelsAs }: Json) => samePixelsAs !== null);
    expect(exact).toEqual([expect.objectContaining({ imageId: ids[4], samePixelsAs: ids[3] })]);
    expect(Math.max(...images.map(({ distance }: Json) => distance))).toBeLessThanOrEqual(10);
  });

  it('lists the most similar images first, each with the number of its rows', async () => {
    const { body } = await client.get(`${path}/images/${ids[0]}/similar/?limit=4`);
    expect(new Set(body.data.slice(0, 3).map(({ imageId }: Json) => imageId))).toEqual(new Set(ids.slice(2)));
    expect(body.data[3]).toMatchObject({ imageId: ids[1], rowCount: 2 });
    expect(body.data[2].similarity).toBeGreaterThan(0.8);
    expect(body.data[3].similarity).toBeLessThan(0.7);
  });

  it('finds images by an uploaded picture', async () => {
    const picture = await sharp(await photo('chelsea'))
      .resize(200)
      .webp()
      .toBuffer();
    const searched = await client.ask('POST', `${path}/similarImages/?limit=1`, form([filePart(picture, 'cat.webp')]));
    expect([searched.status, searched.body.count]).toEqual([200, 1]);
    expect(searched.body.data[0]).toMatchObject({ imageId: ids[1], rowCount: 2 });
    expect(searched.body.data[0].similarity).toBeGreaterThan(0.8);
  });

  it('shows nothing of itself to another workspace', async () => {
    const other = new DatasetsClient(system, await createKey(system, { name: 'other', workspace: 'similar-others' }));
    const picture = filePart(await photo('coffee'), 'a.jpg');
    const answers = [
      await other.get(`${path}/nearDuplicates/`),
      await other.get(`${path}/images/${ids[0]}/similar/`),
      await other.ask('POST', `${path}/similarImages/`, form([picture])),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
  });
});
