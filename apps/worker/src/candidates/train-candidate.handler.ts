import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import { candidateContracts, trainCandidate, type JobPayload, type JobResult } from '@pentaprism/contracts';
import {
  blueprintOf,
  DomainError,
  MAX_CANDIDATE_ROWS,
  MAX_MODEL_FILE_BYTES,
  usesOtherColumns,
} from '@pentaprism/domain';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import {
  decodeFittedHead,
  encodeFittedHead,
  encodeModel,
  HOLD_OUT,
  MAX_HEADS,
  NO_TARGET,
  outputsOf,
  partitionsOf,
  type Candidate,
  type Predictions,
  type CandidateRequest,
  type FittedHead,
  type TrainCandidate,
} from '@pentaprism/modeling';
import { BLOB_STORE } from '@pentaprism/service';
import { Embedder } from '../inference/embedder.js';
import { JobParts } from '../job-parts.js';
import { TRAIN_CANDIDATE } from '../tokens.js';
import { FeatureMatrices } from './feature-matrices.js';
import { ProjectRows } from './project-rows.js';
import { rowsDigest } from './rows-digest.js';

type Payload = JobPayload<typeof trainCandidate>;
type Result = JobResult<typeof trainCandidate>;

/** Shares of the progress when the rows have been read, and when their features are known. The rest is the training. */
const [READ, KNOWN] = [0.1, 0.5];

/**
 * The same for all projects, so that projects of the same rows have the same partitions, and their candidates the same
 * metrics.
 */
const SEED = 'partitions';

/** Trains a candidate on the rows of its project, and finds out how good it is. */
@Injectable()
export class TrainCandidateHandler implements JobHandler<typeof trainCandidate> {
  readonly type = trainCandidate;

  constructor(
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    private readonly embedder: Embedder,
    private readonly projects: ProjectRows,
    private readonly matrices: FeatureMatrices,
    @Inject(TRAIN_CANDIDATE) private readonly train: TrainCandidate,
  ) {}

  async run(payload: Payload, control: JobControl): Promise<Result> {
    const began = performance.now();
    const parts = new JobParts(this.blobs, control);
    const { workspace, projectId } = payload;
    const { plan, blueprint } = await this.planOf(payload);
    const predictors = usesOtherColumns(blueprint, plan.imageColumns.length);
    const rows = await this.projects.read({ workspace, projectId, plan, predictors }, control.signal);
    if (rows.rowCount * outputsOf(rows.targets) * Float32Array.BYTES_PER_ELEMENT > MAX_MODEL_FILE_BYTES)
      throw new DomainError('FAILED_PRECONDITION', 'The project has more rows and classes than a training can hold.');
    control.progress(READ);
    const partitions = partitionsOf({ targets: rows.targets, contents: rows.contents, seed: SEED });
    const recipe = blueprint.needs === 'augmentation' ? plan.augmentation : null;
    const features = await this.matrices.build(
      { workspace, rows, partitions, recipe, parts },
      {
        signal: control.signal,
        onProgress: (share) => control.progress(READ + share * (KNOWN - READ)),
      },
    );
    const backbone = await this.embedder.backboneId();
    const request = { blueprint, targets: rows.targets, backbone, partitions, ...features, seed: candidateSeed(plan) };
    const digest = rowsDigest(rows, partitions);
    const { model, predictions, metrics } = await this.fit(request, { parts, digest }, control);
    return {
      backbone,
      model: await parts.store(encodeModel(model)),
      predictions: await parts.store(bytesOf(predictions)),
      metrics,
      rowCount: partitions.reduce((sum, part) => sum + Number(part !== HOLD_OUT && part !== NO_TARGET), 0),
      seconds: (performance.now() - began) / 1000,
    };
  }

  private async planOf({ projectId, candidateId }: Payload) {
    const plan = await this.bus.call(candidateContracts.plan, { projectId, candidateId });
    const blueprint = blueprintOf(plan.blueprintId);
    if (!blueprint) throw new DomainError('FAILED_PRECONDITION', 'This version has no such blueprint.');
    if (plan.rowCount > MAX_CANDIDATE_ROWS)
      throw new DomainError('FAILED_PRECONDITION', `Models learn from at most ${MAX_CANDIDATE_ROWS} rows.`);
    return { plan, blueprint };
  }

  /** Trains, and keeps the heads of folds whose fitting took its time. */
  private async fit(
    request: CandidateRequest,
    { parts, digest }: { readonly parts: JobParts; readonly digest: string },
    control: JobControl,
  ): Promise<Candidate> {
    const nameOf = (index: number) => `head ${index} of ${digest} by ${request.backbone}`;
    const heads = new Map<number, FittedHead>();
    for (let index = 0; index < MAX_HEADS; index++) {
      const head = await parts.decoded(nameOf(index), decodeFittedHead);
      if (head) heads.set(index, head);
    }
    parts.begin();
    return this.train(request, {
      signal: control.signal,
      heads,
      onProgress: (share) => control.progress(KNOWN + share * (1 - KNOWN)),
      onHead: async (index, head) => {
        if (!parts.isDue) return;
        await parts.keep(nameOf(index), encodeFittedHead(head));
        await parts.letOthersGoFirst();
      },
    });
  }
}

/** The same blueprint gives the same model of the same rows in every project. */
function candidateSeed({ blueprintId }: { readonly blueprintId: string }): string {
  return blueprintId;
}

function bytesOf({ buffer, byteOffset, byteLength }: Predictions): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
