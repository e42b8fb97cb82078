import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import { inLanes } from '@pentaprism/concurrency';
import { imageContracts, makeSamples, type JobPayload, type JobResult, type Picture } from '@pentaprism/contracts';
import { DomainError, resolveTransformations } from '@pentaprism/domain';
import { MAX_BYTES } from '@pentaprism/imaging';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { setTimeout as sleep } from 'node:timers/promises';
import type { SharedPool } from '../shared-pool.js';
import { CONCURRENCY, DECODE_POOL } from '../tokens.js';
import { imageSource } from './image-source.js';

type Payload = JobPayload<typeof makeSamples>;
type Original = JobResult<typeof makeSamples>['originals'][number];

/** Milliseconds that a job waits for images that were uploaded just before it and are not analysed yet. */
const ANALYSIS_PATIENCE_MS = 30_000;
const ANALYSIS_POLL_MS = 200;
/** Pictures of one job under way for each decode process: one in it, one whose results are being stored. */
const PICTURES_PER_PROCESS = 2;

/** Makes augmented samples: each original is decoded once, and each new image has a seed of its own. */
@Injectable()
export class MakeSamplesHandler implements JobHandler<typeof makeSamples> {
  readonly type = makeSamples;

  constructor(
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(DECODE_POOL) private readonly pool: SharedPool,
    @Inject(CONCURRENCY) private readonly concurrency: number,
  ) {}

  async run(payload: Payload, control: JobControl): Promise<{ originals: Original[] }> {
    const pictures = await this.choose(payload, control);
    const originals: Original[] = [];
    let done = 0;
    // Not all at once: the pool would be handed work that no abort takes back, and before which other jobs, the analysis
    // of uploads among them, would have to wait.
    const lanes = PICTURES_PER_PROCESS * this.concurrency;
    await inLanes(pictures, { lanes, signal: control.signal }, async (picture, place) => {
      originals[place] = await this.augment(picture, payload, control);
      control.progress(++done / pictures.length);
    });
    return { originals };
  }

  /** The pictures of this job: the same ones at every start, as far as the project still has them. */
  private async choose({ projectId, numberOfRows }: Payload, { jobId, signal }: JobControl): Promise<Picture[]> {
    const until = performance.now() + ANALYSIS_PATIENCE_MS;
    for (;;) {
      const { pictures, pending } = await this.bus.call(imageContracts.choosePictures, {
        projectId,
        count: numberOfRows,
        seed: jobId,
      });
      const enough = pictures.length === numberOfRows || pending === 0 || performance.now() > until;
      if (enough && pictures.length > 0) return pictures;
      if (enough) throw new DomainError('FAILED_PRECONDITION', 'The project has no image that can be decoded.');
      await sleep(ANALYSIS_POLL_MS, undefined, { signal });
    }
  }

  private async augment(picture: Picture, payload: Payload, { jobId, signal }: JobControl): Promise<Original> {
    signal.throwIfAborted();
    const { id: imageId, sha256, width, height } = picture;
    const { workspace, numberOfNewImages } = payload;
    const source = await imageSource(this.blobs, { area: 'originals', workspace, sha256 });
    const options = {
      transformations: resolveTransformations(payload.transformations),
      probability: payload.transformationProbability,
      seeds: Array.from({ length: numberOfNewImages }, (_, i) => `${jobId}/${imageId}/${i}`),
    };
    const images = await this.pool.use(workspace, (pool) => pool.augment(source, options), signal);
    signal.throwIfAborted();
    const augmented = await Promise.all(
      images.map(async ({ bytes, mediaType, width, height }) => {
        const stored = await this.blobs.put('samples', workspace, bytes, { maxBytes: MAX_BYTES });
        return { sha256: stored.sha256, size: stored.size, mediaType, width, height };
      }),
    );
    return { imageId, width, height, augmented };
  }
}
