import type { JobControl } from '@pentaprism/jobs';

/** What a handler may do in a test: no part is kept, no other job waits. */
export function jobControl(options: Partial<JobControl> = {}): JobControl {
  return {
    jobId: 'c'.repeat(24),
    workspace: 'w1',
    signal: new AbortController().signal,
    progress: () => undefined,
    parts: new Map(),
    checkpoint: () => Promise.resolve({ othersWait: false }),
    ...options,
  };
}
