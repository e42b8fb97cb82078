import { once } from 'node:events';
import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Measure } from '../drill.js';

/** From `dist` and from `src` alike: it is not compiled. */
const SCRIPT = resolve('test/drill/support/other-client.thread.mjs');

export interface OtherClientOptions {
  readonly url: string;
  readonly key: string;
  /** Of the gateway. */
  readonly pid: number;
  /** Bytes of its pictures, one after another. */
  readonly sizes: readonly number[];
  /** Milliseconds between an upload and the next. */
  readonly pauseMs: number;
}

export interface Served {
  /** Of each kind of request. */
  readonly requests: Readonly<Record<string, readonly { readonly tookMs: number; readonly waitedMs: number }[]>>;
  readonly failed: readonly string[];
}

/** Uploads and lists, again and again: what requests of a workspace take that does not flood. */
export class OtherClient {
  private constructor(private readonly worker: Worker) {}

  static start(options: OtherClientOptions): OtherClient {
    return new OtherClient(new Worker(SCRIPT, { workerData: options }));
  }

  async stop(): Promise<Served> {
    const served = once(this.worker, 'message');
    this.worker.postMessage('stop');
    const [message] = (await served) as [Served];
    return message;
  }
}

/**
 * The 95th percentile of each kind of request, since a few slow ones of one kind do not show among all. Time for which the
 * gateway got no core is left out: it says how busy the machine is.
 */
export function percentiles({ requests }: Served, atMost: number): Measure[] {
  return Object.entries(requests).map(([kind, times]) => ({
    what: `${kind} of another workspace, p95`,
    worst: p95(times.map(({ tookMs, waitedMs }) => Math.max(0, tookMs - waitedMs))),
    atMost,
    unit: 'ms',
  }));
}

/** The same with the time for which the gateway got no core, as text. */
export function asTheySaw({ requests }: Served): string {
  const each = ([kind, times]: [string, Served['requests'][string]]) =>
    `${kind} ${Math.round(p95(times.map(({ tookMs }) => tookMs)))} ms`;
  return Object.entries(requests).map(each).join(', ');
}

function p95(times: readonly number[]): number {
  const sorted = times.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)] ?? NaN;
}
