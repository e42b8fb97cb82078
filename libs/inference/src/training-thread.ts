/** The program of a thread that trains and evaluates once. */
import { workerData } from 'node:worker_threads';
import { createTensorFlowHeadTrainer } from './tensorflow-head-trainer.js';
import { answerAsThread } from './thread.js';
import { trainAndEvaluate, type TrainAndEvaluateRequest } from './train-and-evaluate.js';
import { transferable } from './transferable.js';

await answerAsThread(async (onProgress) => {
  const request = workerData as TrainAndEvaluateRequest;
  const trained = await trainAndEvaluate(createTensorFlowHeadTrainer(), request, { onProgress });
  const { head, evaluation } = trained;
  const arrays = [head.weights, head.bias, evaluation.probabilities, evaluation.labels, evaluation.folds];
  return { result: trained, transfer: transferable(arrays) };
});
