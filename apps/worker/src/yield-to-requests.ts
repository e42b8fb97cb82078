import { writeFileSync } from 'node:fs';
import { constants, setPriority } from 'node:os';

const PRIORITY = constants.priority.PRIORITY_BELOW_NORMAL;

/**
 * Jobs can wait, clients cannot: where worker and services share cores, as on a laptop, those who answer requests go
 * first. What is idle is used all the same.
 */
export function yieldToRequests(): void {
  try {
    setPriority(PRIORITY);
    // Linux groups processes by session where it may, and a process's own priority then counts inside its group only.
    writeFileSync('/proc/self/autogroup', String(PRIORITY));
  } catch {
    // The system has no priorities or no groups: then all are equal.
  }
}
