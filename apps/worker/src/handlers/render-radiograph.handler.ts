import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { renderRadiograph, type JobPayload, type JobResult } from '@pentaprism/contracts';
import { MAX_BYTES } from '@pentaprism/imaging';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import type { SharedPool } from '../shared-pool.js';
import { DECODE_POOL } from '../tokens.js';
import { orUndecodable, storeAnalysis } from './analysis-result.js';
import { imageSource } from './image-source.js';

type Payload = JobPayload<typeof renderRadiograph>;
type Result = JobResult<typeof renderRadiograph>;

/** Makes the picture of a radiograph that is shown elsewhere, and stores it like an upload. */
@Injectable()
export class RenderRadiographHandler implements JobHandler<typeof renderRadiograph> {
  readonly type = renderRadiograph;

  constructor(
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(DECODE_POOL) private readonly pool: SharedPool,
  ) {}

  run(payload: Payload, { signal }: JobControl): Promise<Result> {
    return orUndecodable(this.render(payload, signal));
  }

  private async render({ workspace, source: { sha256 }, lut }: Payload, signal: AbortSignal): Promise<Result> {
    const source = await imageSource(this.blobs, { area: 'originals', workspace, sha256 });
    const { content, analysis } = await this.pool.use(workspace, (pool) => pool.renderRadiograph(source, lut), signal);
    const { bytes, mediaType } = content;
    const stored = await this.blobs.put('originals', workspace, bytes, { maxBytes: MAX_BYTES });
    const decoded = await storeAnalysis(this.blobs, workspace, analysis);
    return { ...decoded, content: { sha256: stored.sha256, size: stored.size, mediaType } };
  }
}
