import { fork } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('./direct-process.mjs', import.meta.url));

/**
 * Works through the files in a process per core, each taking the next file when it is done with one. Like the system's
 * own processes, they are warm when the time begins.
 *
 * @param {'analyse' | 'augment' | 'embed'} task @param {readonly { path: string, options?: object }[]} files
 * @returns {Promise<number>} seconds
 */
export async function runDirectly(task, files) {
  const children = Array.from({ length: availableParallelism() }, () =>
    fork(PROGRAM, { env: { MALLOC_ARENA_MAX: '2' }, execArgv: [] }),
  );
  const lost = Promise.race(children.map((child) => once(child, 'exit'))).then(() => {
    throw new Error('a process of the comparison was lost');
  });
  // Also when it is over: then nobody listens any more.
  lost.catch(() => undefined);
  const run = async (child, file) => {
    const done = once(child, 'message');
    child.send({ task, ...file });
    await Promise.race([done, lost]);
  };
  try {
    await Promise.all(children.map((child) => run(child, files[0])));
    const startedAt = performance.now();
    let next = 0;
    const work = async (child) => {
      while (next < files.length) await run(child, files[next++]);
    };
    await Promise.all(children.map(work));
    return (performance.now() - startedAt) / 1000;
  } finally {
    for (const child of children) child.disconnect();
  }
}
