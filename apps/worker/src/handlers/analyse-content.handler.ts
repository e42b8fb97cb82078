import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { analyseContent, type JobPayload, type JobResult } from '@pentaprism/contracts';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import type { SharedPool } from '../shared-pool.js';
import { DECODE_POOL } from '../tokens.js';
import { analyseStored, orUndecodable } from './analysis-result.js';

type Payload = JobPayload<typeof analyseContent>;
type Result = JobResult<typeof analyseContent>;

/** Decodes, measures, hashes and thumbnails the bytes of one content. Bytes that are no picture are a result, too. */
@Injectable()
export class AnalyseContentHandler implements JobHandler<typeof analyseContent> {
  readonly type = analyseContent;

  constructor(
    @Inject(BLOB_STORE) readonly blobs: BlobStore,
    @Inject(DECODE_POOL) readonly pool: SharedPool,
  ) {}

  run(payload: Payload, { signal }: JobControl): Promise<Result> {
    return orUndecodable(analyseStored(this, payload, signal));
  }
}
