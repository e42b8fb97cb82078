import type { JobDocument } from './job.schema.js';

/** The jobs of a project, which take turns with those of other projects of the workspace. */
export interface JobGroup {
  readonly workspace: string;
  readonly project: string;
}

/** The project of jobs that have none. */
export const NO_PROJECT = '';

/** Returns the project of a job. */
export function projectOf({ subject }: Pick<JobDocument, 'subject'>): string {
  return subject['projectId'] ?? NO_PROJECT;
}
