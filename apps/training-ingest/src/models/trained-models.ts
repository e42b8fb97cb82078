import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import type { ContentReference } from '@pentaprism/contracts';
import { MAX_MODEL_FILE_BYTES } from '@pentaprism/domain';
import { decodeEvaluation, decodeHead, type Evaluation, type Head } from '@pentaprism/heads';
import { BLOB_STORE } from '@pentaprism/service';
import { LRUCache } from 'lru-cache';
import type { IterationDocument, TrainedModel } from './iteration.schema.js';
import { requireTrained } from './require-trained.js';

/** The area of the blob store where the files of models are. */
export const MODELS_AREA = 'models';

/** Bytes of heads and evaluations that are kept in memory. */
const KEPT_BYTES = 64 * 1024 ** 2;

/** An evaluation, and the images that it is about. */
export interface EvaluatedImages {
  readonly evaluation: Evaluation;
  /** Of the images, in the order of the rows. */
  readonly ids: readonly string[];
}

/** Bytes of an id in a file. */
const ID_BYTES = 12;
/** About what an id takes in memory. */
const ID_MEMORY = 100;

/** What trainings made. A file never changes, so that what was read of it stays right. */
@Injectable()
export class TrainedModels {
  private readonly heads = new LRUCache<string, Head>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ weights }) => weights.byteLength + 1,
  });
  private readonly evaluations = new LRUCache<string, EvaluatedImages>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ evaluation, ids }) => evaluation.probabilities.byteLength + ID_MEMORY * ids.length + 1,
  });

  constructor(@Inject(BLOB_STORE) private readonly blobs: BlobStore) {}

  /** @throws DomainError FAILED_PRECONDITION for an iteration that is not trained */
  async head(iteration: IterationDocument): Promise<Head> {
    const { head } = modelOf(iteration);
    const known = this.heads.get(head.sha256);
    if (known) return known;
    const read = decodeHead(await this.read(iteration, head));
    this.heads.set(head.sha256, read);
    return read;
  }

  /** What was predicted of the images of the training. @throws DomainError FAILED_PRECONDITION */
  async evaluation(iteration: IterationDocument): Promise<EvaluatedImages> {
    const { evaluation, examples } = modelOf(iteration);
    const name = `${evaluation.sha256} ${examples.sha256}`;
    const known = this.evaluations.get(name);
    if (known) return known;
    const [predicted, ids] = await Promise.all([this.read(iteration, evaluation), this.read(iteration, examples)]);
    const read = { evaluation: decodeEvaluation(predicted), ids: idsOf(ids) };
    this.evaluations.set(name, read);
    return read;
  }

  private read({ workspace }: IterationDocument, { sha256 }: ContentReference): Promise<Buffer> {
    return this.blobs.read({ area: MODELS_AREA, workspace, sha256 }, { maxBytes: MAX_MODEL_FILE_BYTES });
  }
}

function modelOf({ status, model }: IterationDocument): TrainedModel {
  requireTrained({ status });
  if (!model) throw new Error('a trained iteration has no model');
  return model;
}

function idsOf(bytes: Buffer): string[] {
  const hex = bytes.toString('hex');
  return Array.from({ length: bytes.length / ID_BYTES }, (_, i) => hex.slice(2 * ID_BYTES * i, 2 * ID_BYTES * (i + 1)));
}
