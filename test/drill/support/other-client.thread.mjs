// A client of a workspace that does not flood, in a thread of its own: the flood keeps the other thread from seeing answers.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';

const { url, key, pid, sizes, pauseMs } = workerData;
const headers = { authorization: `Bearer ${key}`, 'content-type': 'application/json' };
/** @type {Record<string, { tookMs: number, waitedMs: number }[]>} */
const requests = {};
const failed = [];
let stopped = false;

/** Milliseconds for which the gateway wanted a core and got none. */
function waited() {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
}

async function timed(kind, path, options) {
  const [begun, waitedBefore] = [performance.now(), waited()];
  const status = await fetch(`${url}${path}`, { headers, ...options }).then(
    (answer) => answer.arrayBuffer().then(() => answer.status),
    (error) => String(error),
  );
  (requests[kind] ??= []).push({ tookMs: performance.now() - begun, waitedMs: waited() - waitedBefore });
  if (status !== 200 && status !== 201) failed.push(`${kind}: ${status}`);
}

parentPort.on('message', () => (stopped = true));
for (let round = 0; !stopped; round++) {
  const bytes = sizes[round % sizes.length];
  const text = `not a picture ${round} `;
  const image_data = Buffer.from(text.repeat(Math.ceil(bytes / text.length))).toString('base64');
  await timed(`uploads of ${bytes / 1000} KB`, '/v1/upload', { method: 'POST', body: JSON.stringify({ image_data }) });
  await timed('lists', '/v1/images?limit=10');
  await sleep(pauseMs);
}
parentPort.postMessage({ requests, failed });
parentPort.close();
