/** One process of `runDirectly`: does the same work on the same files as the system, with nothing around it. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { analyseImage, augmentImages } from '../../libs/imaging/dist/index.js';

const TASKS = {
  analyse: async (bytes) => {
    createHash('sha256').update(bytes).digest('hex');
    await analyseImage(bytes);
  },
  augment: async (bytes, options) => void (await augmentImages(bytes, options)),
};

process.on('message', async ({ task, path, options }) => {
  await TASKS[task](await readFile(path), options);
  process.send('done');
});
process.on('disconnect', () => process.exit());
