/** The program of a thread that trains and evaluates once. */
import { answerAsThread } from '@pentaprism/concurrency';
import { workerData } from 'node:worker_threads';
import { createTensorFlowHeadTrainer } from './tensorflow-head-trainer.js';
import type { ThreadedTrainingData } from './threaded-training.js';
import { trainAndEvaluate } from './train-and-evaluate.js';
import { transferable } from './transferable.js';

await answerAsThread(async (onProgress) => {
  const { request, backend } = workerData as ThreadedTrainingData;
  const trained = await trainAndEvaluate(createTensorFlowHeadTrainer({ backend }), request, { onProgress });
  const { head, evaluation } = trained;
  const arrays = [head.weights, head.bias, evaluation.probabilities, evaluation.labels, evaluation.folds];
  return { result: trained, transfer: transferable(arrays) };
});
