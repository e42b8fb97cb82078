import { describe, expect, it } from '@jest/globals';
import { runInThread, runInThreads, type ThreadOptions } from './thread.js';

/** Returns a program in the place of a file that calls `answerAsThread`. */
function program(code: string, data: unknown = null) {
  const source = `import { parentPort, workerData } from 'node:worker_threads'; ${code}`;
  return { path: new URL(`data:text/javascript,${encodeURIComponent(source)}`), data };
}

const run = (code: string, options?: ThreadOptions) => runInThread({ ...program(code), transfer: [] }, options);
const ENDLESS = 'setInterval(() => {}, 1000);';

describe('runInThread', () => {
  it('awaits beforeEnd before it ends a thread that was aborted', async () => {
    const controller = new AbortController();
    const seen: string[] = [];
    const running = run(`${ENDLESS} parentPort.postMessage({ progress: 0.5 });`, {
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
      beforeEnd: async (hasExited) => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        seen.push(hasExited() ? 'exited' : 'running');
      },
    });
    await expect(running).rejects.toThrow('enough');
    expect(seen).toEqual(['running']);
  });

  it('passes to beforeEnd that a thread has exited by itself, and fails', async () => {
    const seen: boolean[] = [];
    const running = run('process.exit(3);', { beforeEnd: async (hasExited) => void seen.push(hasExited()) });
    await expect(running).rejects.toThrow('A thread ended with code 3 before it had a result.');
    expect(seen).toEqual([true]);
  });
});

describe('runInThreads', () => {
  it('ends all threads if one fails', async () => {
    const shared = new Int32Array(new SharedArrayBuffer(4));
    const code = `if (Atomics.add(workerData, 0, 1) === 1) parentPort.postMessage({ failure: new Error('the second') });
      ${ENDLESS}`;
    await expect(runInThreads(program(code, shared), 3, {})).rejects.toThrow('the second');
  });
});
