/** `training` while its job waits or runs. */
export const CANDIDATE_STATES = ['training', 'trained', 'failed'] as const;
export type CandidateState = (typeof CANDIDATE_STATES)[number];

/** Models of one project, failed ones included. */
export const MAX_CANDIDATES_PER_PROJECT = 100;
