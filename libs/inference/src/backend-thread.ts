/** The program of a thread that chooses the backend of TensorFlow.js, so that no other thread loads the native library. */
import { answerAsThread } from '@pentaprism/concurrency';
import { workerData } from 'node:worker_threads';
import { chooseTensorFlowBackend, type TensorFlowBackend } from './tensorflow.js';

await answerAsThread(async () => {
  const result = await chooseTensorFlowBackend(workerData as TensorFlowBackend | undefined);
  return { result, transfer: [] };
});
