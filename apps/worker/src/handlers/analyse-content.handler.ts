import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { analyseContent, type JobPayload, type JobResult } from '@pentaprism/contracts';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import type { SharedPool } from '../shared-pool.js';
import { DECODE_POOL } from '../tokens.js';
import { orUndecodable, storeAnalysis } from './analysis-result.js';
import { imageSource } from './image-source.js';

type Payload = JobPayload<typeof analyseContent>;
type Result = JobResult<typeof analyseContent>;

/** Decodes, measures, hashes and thumbnails the bytes of one content. Bytes that are no picture are a result, too. */
@Injectable()
export class AnalyseContentHandler implements JobHandler<typeof analyseContent> {
  readonly type = analyseContent;

  constructor(
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(DECODE_POOL) private readonly pool: SharedPool,
  ) {}

  run({ workspace, sha256 }: Payload, { signal }: JobControl): Promise<Result> {
    return orUndecodable(this.analyse(workspace, sha256, signal));
  }

  private async analyse(workspace: string, sha256: string, signal: AbortSignal): Promise<Result> {
    const source = await imageSource(this.blobs, { area: 'originals', workspace, sha256 });
    return storeAnalysis(this.blobs, workspace, await this.pool.use(workspace, (pool) => pool.analyse(source), signal));
  }
}
