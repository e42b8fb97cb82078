/** The program of the threads that compute a layout together. */
import { runLayout, type Layout } from './layout.js';
import { answerWith } from './thread-answer.js';

/** Epochs between two reports. */
const REPORT_EVERY = 5;

export interface LayoutRequest {
  readonly layout: Layout;
  readonly threads: number;
}

await answerWith<LayoutRequest, null>(({ layout, threads }, onProgress) => {
  runLayout(layout, threads, (epochs) => {
    if (epochs % REPORT_EVERY === 0) onProgress(epochs / layout.epochs);
  });
  return null;
});
