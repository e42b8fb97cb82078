/** The states of a job. The last three are final. */
export const JOB_STATES = ['queued', 'running', 'completed', 'failed', 'aborted'] as const;

export type JobState = (typeof JOB_STATES)[number];

/** Whether a job in this state will never change again. */
export function isFinal(state: JobState): boolean {
  return state === 'completed' || state === 'failed' || state === 'aborted';
}
