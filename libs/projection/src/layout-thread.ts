/** The program of the threads that compute a layout together. */
import { answerAsThread } from '@pentaprism/concurrency';
import { workerData } from 'node:worker_threads';
import { runLayout, type Layout } from './layout.js';

/** Epochs between two reports. */
const REPORT_EVERY = 5;

export interface LayoutRequest {
  readonly layout: Layout;
  readonly threads: number;
}

await answerAsThread(async (onProgress) => {
  const { layout, threads } = workerData as LayoutRequest;
  runLayout(layout, threads, (epochs) => {
    if (epochs % REPORT_EVERY === 0) onProgress(epochs / layout.epochs);
  });
  return { result: null, transfer: [] };
});
