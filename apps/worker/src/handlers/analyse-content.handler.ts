import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { analyseContent, type JobPayload, type JobResult } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { MAX_BYTES, type DecodePool } from '@pentaprism/imaging';
import type { JobHandler } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { DECODE_POOL } from '../tokens.js';
import { imageSource } from './image-source.js';

type Payload = JobPayload<typeof analyseContent>;
type Result = JobResult<typeof analyseContent>;

/** Decodes, measures, hashes and thumbnails the bytes of one content. Bytes that are no picture are a result, too. */
@Injectable()
export class AnalyseContentHandler implements JobHandler<typeof analyseContent> {
  readonly type = analyseContent;

  constructor(
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(DECODE_POOL) private readonly pool: DecodePool,
  ) {}

  async run({ workspace, sha256 }: Payload): Promise<Result> {
    try {
      const source = await imageSource(this.blobs, { area: 'originals', workspace, sha256 });
      const { thumbnail, ...analysis } = await this.pool.analyse(source);
      const { bytes, ...size } = thumbnail;
      const stored = await this.blobs.put('thumbnails', workspace, bytes, { maxBytes: MAX_BYTES });
      return { state: 'decoded', ...analysis, thumbnail: { ...size, sha256: stored.sha256, size: stored.size } };
    } catch (error) {
      if (DomainError.is(error, 'UNDECODABLE_IMAGE')) return { state: 'undecodable', reason: error.message };
      throw error;
    }
  }
}
