/** One process of `runDirectly`: does the same work on the same files as the system, with nothing around it. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { analyseImage, augmentImages, createModelInput } from '../../libs/imaging/dist/index.js';
import { openOnnxBackbone } from '../../libs/inference/dist/index.js';

let backbone;

const TASKS = {
  analyse: async (bytes) => {
    createHash('sha256').update(bytes).digest('hex');
    await analyseImage(bytes);
  },
  augment: async (bytes, options) => void (await augmentImages(bytes, options)),
  embed: async (bytes) => {
    backbone ??= await openOnnxBackbone();
    const { pixels } = await createModelInput(bytes, backbone.inputSize);
    await backbone.embed([pixels]);
  },
};

process.on('message', async ({ task, path, options }) => {
  await TASKS[task](await readFile(path), options);
  process.send('done');
});
process.on('disconnect', () => process.exit());
