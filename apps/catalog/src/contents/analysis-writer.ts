import type { analyseContent, JobResult } from '@pentaprism/contracts';
import type { ClientSession } from 'mongoose';

/** What was found out about the bytes of a content. */
export interface ContentAnalysis {
  readonly sha256: string;
  readonly result: JobResult<typeof analyseContent>;
}

/** Stores what was found out about contents, on the contents and on every image that references them. */
export interface AnalysisWriter {
  /** Part of a transaction. Send the signal `contentAnalysed` of each content after its commit. */
  write(workspace: string, analyses: readonly ContentAnalysis[], session: ClientSession): Promise<void>;
}

/** Nest's token for the `AnalysisWriter`. */
export const ANALYSIS_WRITER = Symbol('AnalysisWriter');
