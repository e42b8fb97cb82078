import { setTimeout as sleep } from 'node:timers/promises';
import { LauncherError } from './launcher-error.js';
import type { Part } from './part.js';

const LOOK_EVERY_MS = 150;
const REQUEST_TIMEOUT_MS = 5000;
const LIMIT_STEP_MS = 1000;

export interface ReadinessQuestion {
  /** Origin of the gateway. */
  readonly url: string;
  readonly parts: ReadonlyMap<string, Part>;
  readonly timeoutMs: number;
  readonly logs: string;
  /** Settles when all processes have said that they serve, or when one was given up. */
  readonly started: Promise<void>;
  /** The time limit stands still while this is so. */
  readonly isDiskFull: () => Promise<boolean>;
}

/**
 * Resolves when all processes serve and `GET /health/ready` answers 200.
 * @returns what has too little space for writes, each with a reason
 * @throws LauncherError that names what is missing when the time is up, and at once when a part was given up
 */
export async function waitUntilReady(question: ReadinessQuestion): Promise<readonly string[]> {
  const abort = new AbortController();
  let isLate = false;
  const tooLate = limit(question, abort.signal).then(
    () => (isLate = true),
    () => undefined,
  );
  try {
    if (await Promise.race([question.started, tooLate])) throw notReady(question, notRunning(question));
    for (;;) {
      const { missing, degraded } = await askReadiness(question.url);
      if (missing.length === 0) return degraded;
      if (isLate) throw notReady(question, missing);
      await sleep(LOOK_EVERY_MS);
    }
  } finally {
    abort.abort();
  }
}

/** Resolves after the time limit, without the time for which the disk was full. */
async function limit({ timeoutMs, isDiskFull }: ReadinessQuestion, signal: AbortSignal): Promise<void> {
  for (let left = timeoutMs; left > 0;) {
    const step = Math.min(left, LIMIT_STEP_MS);
    await sleep(step, undefined, { signal });
    if (!(await isDiskFull())) left -= step;
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

interface Readiness {
  /** Names of parts without which reads fail; empty when the system is ready. */
  readonly missing: readonly string[];
  readonly degraded: readonly string[];
}

async function askReadiness(url: string): Promise<Readiness> {
  try {
    const response = await fetch(`${url}/health/ready`, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) });
    const body = await response.text();
    if (response.status === 200) return { missing: [], degraded: degradedParts(body) };
    return { missing: missingParts(body), degraded: [] };
  } catch {
    return { missing: ['gateway'], degraded: [] };
  }
}

/** Reads `{ "parts": [{ "name": "records", "degraded": true, "message": "..." }, ...] }`, the body of a 200. */
export function degradedParts(body: string): string[] {
  try {
    const { parts } = JSON.parse(body) as { parts?: { name: string; degraded?: boolean; message?: string }[] };
    return (parts ?? []).filter((part) => part.degraded).map(({ name, message }) => `${name}: ${message ?? ''}`);
  } catch {
    return [];
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
