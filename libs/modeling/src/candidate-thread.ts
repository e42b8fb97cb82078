/** The program of a thread that trains and evaluates one candidate. */
import { answerAsThread, createTensorFlowHeadTrainer, transferable } from '@pentaprism/inference';
import { workerData } from 'node:worker_threads';
import type { CandidateRequest } from './candidate.js';
import { trainCandidate } from './train-candidate.js';

await answerAsThread(async (onProgress) => {
  const request = workerData as CandidateRequest;
  const result = await trainCandidate(createTensorFlowHeadTrainer(), request, { onProgress });
  const { layer, absent } = result.model;
  return { result, transfer: transferable([layer.weights, layer.bias, absent, result.predictions]) };
});
