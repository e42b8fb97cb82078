import autocannon from 'autocannon';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { number } from './table.mjs';

const WARM_UP_SECONDS = 2;

/**
 * Asks for the paths in turn, and again without end.
 * @param {string} url an origin @param {Record<string, string>} headers @param {readonly string[]} paths
 */
export async function load(url, headers, paths, duration = 6, connections = CONNECTIONS) {
  const requests = paths.map((path) => ({ method: 'GET', path }));
  const options = { url, headers, requests, connections };
  await autocannon({ ...options, duration: WARM_UP_SECONDS });
  const result = await autocannon({ ...options, duration });
  if (result.non2xx + result.errors > 0) throw new Error(`${result.non2xx + result.errors} requests failed`);
  return result;
}

export const CONNECTIONS = 16;

export function latency({ latency: { p50, p99 } }) {
  return `p50 ${number(p50)} ms, p99 ${number(p99)} ms`;
}

/**
 * Runs the action beside a program of this directory, which is told once what to do and answers once: a server with
 * its origin.
 * @template T
 * @param {string} program @param {unknown} what @param {(answer: any) => T | Promise<T>} action
 */
export async function beside(program, what, action) {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), { execArgv: [] });
  try {
    child.send(what);
    const [answer] = await once(child, 'message');
    return await action(answer);
  } finally {
    if (child.connected) child.disconnect();
  }
}

/**
 * As `load`, for large bodies, which nobody looks at.
 * @param {string} origin @param {readonly string[]} paths
 * @param {{ seconds?: number, headers?: Record<string, string> }} options
 */
export async function download(origin, paths, { seconds = 6, headers = {} } = {}) {
  const run = (duration) => {
    const what = { origin, paths, headers, connections: CONNECTIONS, seconds: duration };
    return beside('./downloader.mjs', what, (result) => result);
  };
  await run(WARM_UP_SECONDS);
  return run(seconds);
}
