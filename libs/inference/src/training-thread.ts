/** The program of a thread that trains and evaluates once. Its work comes as `workerData`. */
import { parentPort, workerData } from 'node:worker_threads';
import { createTensorFlowHeadTrainer } from './tensorflow-head-trainer.js';
import { trainAndEvaluate, type TrainAndEvaluateRequest, type Trained } from './train-and-evaluate.js';
import { transferable } from './transferable.js';

/** What the thread says: any number of shares, then either of the others. */
export type TrainingAnswer =
  { readonly progress: number } | { readonly trained: Trained } | { readonly failure: unknown };

function answer(message: TrainingAnswer, given: ArrayBuffer[] = []): void {
  parentPort?.postMessage(message, given);
}

try {
  const trained = await trainAndEvaluate(createTensorFlowHeadTrainer(), workerData as TrainAndEvaluateRequest, {
    onProgress: (progress) => answer({ progress }),
  });
  const { head, evaluation } = trained;
  const arrays = [head.weights, head.bias, evaluation.probabilities, evaluation.labels, evaluation.folds];
  answer({ trained }, transferable(arrays));
} catch (failure) {
  answer({ failure });
}
