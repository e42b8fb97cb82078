import { threadTimes } from './processes.js';

/**
 * Share of the time in which the gateway has something to do and gets no core to do it on. With more than that the delays
 * of its event loop are those of the machine, and say nothing of the gateway. What it works for a request always does.
 */
const STARVED = 0.3;

export const EVENT_LOOP_MS = 100;

export interface Look {
  /** 99th percentile of the delays since the look before. */
  readonly milliseconds: number;
  /** Of the time since then, from 0 to 1. */
  readonly starved: number;
  /** Whether it says something of the gateway. */
  readonly counts: boolean;
}

/** The delays of the gateway's event loop, from one look to the next (Linux). */
export class EventLoop {
  private constructor(
    private readonly url: string,
    private readonly pid: number,
    private begun: ReturnType<typeof threadTimes>,
  ) {}

  static async watch(url: string, pid: number): Promise<EventLoop> {
    await p99(url);
    return new EventLoop(url, pid, threadTimes(pid));
  }

  async look(): Promise<Look> {
    const ended = threadTimes(this.pid);
    const milliseconds = await p99(this.url);
    const waited = ended.waitedMs - this.begun.waitedMs;
    const starved = waited / (ended.ranMs - this.begun.ranMs + waited);
    this.begun = threadTimes(this.pid);
    // Delays within the limit are good news even so.
    return { milliseconds, starved, counts: starved <= STARVED || milliseconds <= EVENT_LOOP_MS };
  }
}

/** Milliseconds, of the gateway, since the last time that somebody looked. */
async function p99(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const [, seconds] = /^nodejs_eventloop_lag_p99_seconds\{[^}]*app="gateway"[^}]*\} (\S+)$/m.exec(text) ?? [];
  return Number(seconds) * 1000;
}
