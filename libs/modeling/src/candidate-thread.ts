/** The program of a thread that trains and evaluates one candidate. */
import { answerAsThread } from '@pentaprism/concurrency';
import { createTensorFlowHeadTrainer, transferable } from '@pentaprism/inference';
import { workerData } from 'node:worker_threads';
import type { ThreadedCandidate } from './threaded-candidates.js';
import { trainCandidate } from './train-candidate.js';

await answerAsThread(async (onProgress) => {
  const { request, backend } = workerData as ThreadedCandidate;
  const result = await trainCandidate(createTensorFlowHeadTrainer({ backend }), request, { onProgress });
  const { layer, absent } = result.model;
  return { result, transfer: transferable([layer.weights, layer.bias, absent, result.predictions]) };
});
