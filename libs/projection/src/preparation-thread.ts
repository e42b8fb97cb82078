/** The program of the thread that does everything before the layout. */
import { answerAsThread } from '@pentaprism/concurrency';
import { workerData } from 'node:worker_threads';
import { prepare, type PreparationRequest } from './preparation.js';

await answerAsThread(async (onProgress) => ({
  result: await prepare(workerData as PreparationRequest, onProgress),
  transfer: [],
}));
