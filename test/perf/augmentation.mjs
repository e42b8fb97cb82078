import path from 'node:path';
import { resolveTransformations, TRANSFORMATIONS } from '../../libs/domain/dist/index.js';
import { runDirectly } from './direct.mjs';
import { makePhotos } from './photos.mjs';
import { forEach, until } from './system.mjs';
import { number, percent } from './table.mjs';

const PHOTOS = 25;
const NEW_IMAGES = 10;
const PROBABILITY = 0.5;
const LIMIT_MS = 120_000;
const TRANSFORMATION_SETTINGS = TRANSFORMATIONS.map(({ name }) => ({ name, enabled: true }));

/** Augmented samples per second through the API, against the same work called directly. */
export async function augmentation(system) {
  const { name: workspace, libraryId, client } = await system.workspace('bench-augmentation');
  const photos = await makePhotos(path.join(system.directory.path, '../originals'), PHOTOS);
  await forEach(photos, 4, ({ bytes }, i) =>
    client.json('POST', '/v1/upload', { filename: `${i}.jpg`, image_data: bytes.toString('base64') }),
  );
  const contents = system.database.collection('contents');
  await until(async () => (await contents.countDocuments({ workspace, state: 'decoded' })) === PHOTOS, LIMIT_MS);
  const { augmentationListId } = await client.json('POST', '/api/v2/imageAugmentationLists/', {
    projectId: libraryId.toHexString(),
    name: 'bench',
    transformationProbability: PROBABILITY,
    numberOfNewImages: NEW_IMAGES,
    transformations: TRANSFORMATION_SETTINGS,
  });
  const makeSamples = async (numberOfRows) => {
    const startedAt = performance.now();
    const samples = `/api/v2/imageAugmentationLists/${augmentationListId}/samples/`;
    const { statusId } = await client.json('POST', samples, { numberOfRows });
    await until(async () => finished(await client.send('GET', `/api/v2/status/${statusId}/`)), LIMIT_MS, 0);
    return (performance.now() - startedAt) / 1000;
  };
  await makeSamples(2);
  const seconds = await makeSamples(PHOTOS);
  const through = (PHOTOS * NEW_IMAGES) / seconds;

  const options = {
    transformations: resolveTransformations(TRANSFORMATION_SETTINGS),
    probability: PROBABILITY,
  };
  const seeds = (of) => Array.from({ length: NEW_IMAGES }, (_, i) => `bench/${of}/${i}`);
  const work = photos.map((photo, i) => ({ path: photo.path, options: { ...options, seeds: seeds(i) } }));
  const direct = (PHOTOS * NEW_IMAGES) / (await runDirectly('augment', work));
  return [
    {
      name: `augmented samples through the API, one job of ${PHOTOS * NEW_IMAGES}, all transformations`,
      figure: `${number(through, 1)}/s`,
      comparedWith: `called directly: ${number(direct, 1)}/s (goal 80 %)`,
      ratio: percent(through, direct),
    },
  ];
}

function finished({ status, text }) {
  if (status === 303) return true;
  if (status === 200 && /"(?:INITIALIZED|RUNNING)"/.test(text)) return false;
  throw new Error(`the status was answered with ${status} ${text}`);
}
