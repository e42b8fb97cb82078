import { setTimeout as sleep } from 'node:timers/promises';
import { LauncherError } from './launcher-error.js';
import type { Part } from './part.js';

const LOOK_EVERY_MS = 150;
const REQUEST_TIMEOUT_MS = 5000;

export interface ReadinessQuestion {
  /** Origin of the gateway. */
  readonly url: string;
  readonly parts: ReadonlyMap<string, Part>;
  readonly timeoutMs: number;
  readonly logs: string;
  /** Settles when all processes have said that they serve, or when one was given up. */
  readonly started: Promise<void>;
}

/**
 * Resolves when all processes serve and `GET /health/ready` answers 200.
 * @throws LauncherError that names what is missing when the time is up, and at once when a part was given up
 */
export async function waitUntilReady(question: ReadinessQuestion): Promise<void> {
  const deadline = Date.now() + question.timeoutMs;
  const abort = new AbortController();
  const tooLate = sleep(question.timeoutMs, 'late' as const, { signal: abort.signal }).catch(() => undefined);
  try {
    if ((await Promise.race([question.started, tooLate])) === 'late') throw notReady(question, notRunning(question));
    let missing: string[] = [];
    for (;;) {
      const answer = await askReadiness(question.url);
      if (answer === 'ready') return;
      missing = answer;
      if (Date.now() > deadline) throw notReady(question, missing);
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    abort.abort();
  }
}

function notRunning(question: ReadinessQuestion): string[] {
  return [...question.parts.values()].filter((part) => part.state !== 'running').map((part) => part.name);
}

function notReady(question: ReadinessQuestion, missing: readonly string[]): LauncherError {
  const seconds = Math.round(question.timeoutMs / 1000);
  return new LauncherError(
    `After ${seconds} s this is not ready: ${missing.join(', ') || 'gateway'}; the logs are in ${question.logs}.`,
  );
}

async function askReadiness(url: string): Promise<'ready' | string[]> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    const body = await response.text();
    return response.status === 200 ? 'ready' : missingParts(body);
  } catch {
    return ['gateway'];
  }
}

/**
 * Reads `{ "missing": ["tagging", ...] }`, the body of a 503. Whatever else comes is shown as it is, cut short.
 */
export function missingParts(body: string): string[] {
  try {
    const { missing } = JSON.parse(body) as { missing?: unknown };
    if (Array.isArray(missing) && missing.length > 0) return missing.map(String);
  } catch {
    // Not JSON: shown below.
  }
  return [body.trim().replace(/\s+/g, ' ').slice(0, 200) || 'gateway'];
}
