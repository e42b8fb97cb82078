import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import { snapshotContracts, trainModel, type JobPayload, type JobResult } from '@pentaprism/contracts';
import { encodeEvaluation, encodeHead } from '@pentaprism/heads';
import type { TrainAndEvaluate } from '@pentaprism/inference';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { Embedder } from '../inference/embedder.js';
import { JobParts } from '../job-parts.js';
import { TRAIN_AND_EVALUATE } from '../tokens.js';
import { TrainingSets } from './training-set.js';

type Payload = JobPayload<typeof trainModel>;
type Result = JobResult<typeof trainModel>;

/** Share of the progress that the images with their embeddings make; the rest is the training. */
const COLLECTED = 0.4;

/**
 * Trains the head of a project's model: first on parts of the images, each time predicting the others, so that it is known
 * how good a model of these images is; then on all of them. Other jobs of this process go on at the same time.
 */
@Injectable()
export class TrainModelHandler implements JobHandler<typeof trainModel> {
  readonly type = trainModel;

  constructor(
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    private readonly embedder: Embedder,
    private readonly sets: TrainingSets,
    @Inject(TRAIN_AND_EVALUATE) private readonly train: TrainAndEvaluate,
  ) {}

  async run(payload: Payload, control: JobControl): Promise<Result> {
    const began = performance.now();
    const { projectId, iterationId, classificationType: kind, tags } = payload;
    const { signal } = control;
    // The snapshot exists already, unless the process that began this training ended too early.
    await this.bus.call(snapshotContracts.create, { projectId, snapshotId: iterationId });
    const parts = new JobParts(this.blobs, control);
    const { ids, ...examples } = await this.sets.collect(payload, {
      signal,
      parts,
      onProgress: (share) => control.progress(share * COLLECTED),
    });
    const request = { kind, ...examples, tags: tags.length, seed: String(payload.seed) };
    const { head, evaluation } = await this.train(request, {
      signal,
      onProgress: (share) => control.progress(COLLECTED + share * (1 - COLLECTED)),
    });
    return {
      backbone: await this.embedder.backboneId(),
      head: await parts.store(encodeHead(head)),
      evaluation: await parts.store(encodeEvaluation(evaluation)),
      examples: await parts.store(Buffer.from(ids.join(''), 'hex')),
      images: ids.length,
      seconds: (performance.now() - began) / 1000,
    };
  }
}
