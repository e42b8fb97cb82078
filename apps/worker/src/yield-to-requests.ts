import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/**
 * A third of the share of a process of normal priority. With less, a worker on a machine that is busy for long is taken
 * for one that is gone.
 */
const NICENESS = 5;

/**
 * Jobs can wait, clients cannot: where worker and services share cores, as on a laptop, those who answer requests go
 * first. What is idle is used all the same.
 */
export function yieldToRequests(): void {
  try {
    setPriority(NICENESS);
    // Linux groups processes by session where it may, and a process's own priority then counts inside its group only.
    writeFileSync('/proc/self/autogroup', String(NICENESS));
  } catch {
    // The system has no priorities or no groups: then all are equal.
  }
}
