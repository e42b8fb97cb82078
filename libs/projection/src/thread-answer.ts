import { parentPort, workerData } from 'node:worker_threads';

/** What a thread of this library sends: any number of shares of its work, then one of the others. */
export type ThreadAnswer<T> = { readonly progress: number } | { readonly result: T } | { readonly failure: unknown };

/** Runs the work of this thread, and sends its result or its failure to the thread that started it. */
export async function answerWith<Request, Result>(
  work: (request: Request, onProgress: (share: number) => void) => Result | Promise<Result>,
): Promise<void> {
  const send = (answer: ThreadAnswer<Result>): void => parentPort?.postMessage(answer);
  try {
    send({ result: await work(workerData as Request, (progress) => send({ progress })) });
  } catch (failure) {
    send({ failure });
  }
}
