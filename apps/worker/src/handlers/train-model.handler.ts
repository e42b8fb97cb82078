import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import {
  snapshotContracts,
  trainModel,
  type ContentReference,
  type JobPayload,
  type JobResult,
} from '@pentaprism/contracts';
import { crossValidate, encodeEvaluation, encodeHead, type HeadTrainer } from '@pentaprism/inference';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { Embedder } from '../inference/embedder.js';
import { HEAD_TRAINER } from '../tokens.js';
import { TrainingSets } from './training-set.js';

type Payload = JobPayload<typeof trainModel>;
type Result = JobResult<typeof trainModel>;

/** Parts of the progress: the images with their embeddings, the evaluation, the model itself. */
const [COLLECTED, EVALUATED] = [0.4, 0.9];
/** Bytes of one file: 100,000 images of 500 tags. */
const MAX_FILE_BYTES = 256 * 1024 ** 2;

/**
 * Trains the head of a project's model: first on parts of the images, each time predicting the others, so that it is known
 * how good a model of these images is; then on all of them.
 */
@Injectable()
export class TrainModelHandler implements JobHandler<typeof trainModel> {
  readonly type = trainModel;

  constructor(
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    private readonly embedder: Embedder,
    private readonly sets: TrainingSets,
    @Inject(HEAD_TRAINER) private readonly trainer: HeadTrainer,
  ) {}

  async run(payload: Payload, control: JobControl): Promise<Result> {
    const began = performance.now();
    const { workspace, projectId, iterationId, classificationType: kind, tags } = payload;
    const { signal } = control;
    // It has been taken, unless whoever began this training died.
    await this.bus.call(snapshotContracts.create, { projectId, snapshotId: iterationId });
    const { ids, ...examples } = await this.sets.collect(payload, {
      signal,
      onProgress: (share) => control.progress(share * COLLECTED),
    });
    const data = { kind, ...examples, tags: tags.length, seed: String(payload.seed), signal };
    const evaluation = await crossValidate(this.trainer, {
      ...data,
      onProgress: (share) => control.progress(COLLECTED + share * (EVALUATED - COLLECTED)),
    });
    const head = await this.trainer.train({
      ...data,
      onProgress: (share) => control.progress(EVALUATED + share * (1 - EVALUATED)),
    });
    return {
      backbone: await this.embedder.backboneId(),
      head: await this.store(workspace, encodeHead(head), signal),
      evaluation: await this.store(workspace, encodeEvaluation(evaluation), signal),
      examples: await this.store(workspace, Buffer.from(ids.join(''), 'hex'), signal),
      images: ids.length,
      seconds: (performance.now() - began) / 1000,
    };
  }

  private async store(workspace: string, bytes: Uint8Array, signal: AbortSignal): Promise<ContentReference> {
    const { sha256, size } = await this.blobs.put('models', workspace, bytes, { maxBytes: MAX_FILE_BYTES, signal });
    return { sha256, size, mediaType: 'application/octet-stream' };
  }
}
