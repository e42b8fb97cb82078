import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { inLanes } from '@pentaprism/concurrency';
import {
  embeddingContracts,
  MAX_EMBEDDINGS_PER_CALL,
  trainingImageContracts,
  type Embedding,
  type JobPayload,
  type trainModel,
  type TrainingImage,
} from '@pentaprism/contracts';
import { DomainError, MAX_TRAINING_PAGE_SIZE, resolveTransformations, type ErrorCode } from '@pentaprism/domain';
import { fromVectorText } from '@pentaprism/heads';
import type { AugmentedExamples } from '@pentaprism/inference';
import { Embedder } from '../inference/embedder.js';
import { UploadsFirst } from './uploads-first.js';

type Payload = JobPayload<typeof trainModel>;

/** Pictures at a time: while one is decoded, the other is in the network. */
const LANES = 2;

/** What a model learns from. */
export interface TrainingSet {
  /** Of the images, in the order of the rows. */
  readonly ids: readonly string[];
  /** images × embeddingSize, row by row. */
  readonly embeddings: Float32Array;
  readonly embeddingSize: number;
  /** images × tags, row by row, 0 or 1. */
  readonly labels: Uint8Array;
  /** What was made of them; undefined where nothing was to be. */
  readonly augmented: AugmentedExamples | undefined;
}

interface Example {
  readonly id: string;
  readonly sha256: string;
  readonly tagIds: ReadonlySet<string>;
}

export interface CollectOptions {
  readonly signal: AbortSignal;
  /** Called with a share from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/**
 * Brings the images of a snapshot and their embeddings together; those that are missing are computed on the way, and so are
 * those of augmented images.
 */
@Injectable()
export class TrainingSets {
  constructor(
    private readonly bus: Bus,
    private readonly embedder: Embedder,
    private readonly uploads: UploadsFirst,
  ) {}

  /** @throws DomainError FAILED_PRECONDITION when hardly any image of the snapshot can be learnt from */
  async collect(payload: Payload, options: CollectOptions): Promise<TrainingSet> {
    const examples = await this.examplesOf(payload, options.signal);
    const { signal, onProgress } = options;
    // As if each picture took as long as any other. Most originals are known; of what is augmented, none.
    const originals = 1 / (1 + (payload.augmentation?.numberOfNewImages ?? 0));
    const vectors = await this.vectorsOf(payload.workspace, examples, {
      signal,
      onProgress: (share) => onProgress(share * originals),
    });
    const learnable = examples.filter(({ sha256 }) => vectors.has(sha256));
    if (learnable.length < 2) throw new DomainError('FAILED_PRECONDITION', 'No image of the training can be decoded.');
    const set = toTrainingSet(payload, learnable, vectors);
    const augmented = await this.augmented(payload, learnable, {
      signal,
      onProgress: (share) => onProgress(originals + share * (1 - originals)),
    });
    return { ...set, augmented };
  }

  /** In the order in which they were added: the same snapshot gives the same rows. */
  private async examplesOf({ projectId, iterationId, tags }: Payload, signal: AbortSignal): Promise<Example[]> {
    const trained = new Set(tags.map(({ id }) => id));
    const examples: Example[] = [];
    for (let offset = 0, end = false; !end;) {
      signal.throwIfAborted();
      const page = await this.bus.call(trainingImageContracts.list, {
        projectId,
        snapshotId: iterationId,
        tagging: 'tagged',
        order: 'oldest',
        offset,
        limit: MAX_TRAINING_PAGE_SIZE,
      });
      examples.push(...page.images.map((image) => toExample(image, trained)).filter(({ tagIds }) => tagIds.size > 0));
      offset += page.images.length;
      end = page.end || page.images.length === 0;
    }
    return examples;
  }

  private async vectorsOf(workspace: string, examples: readonly Example[], { signal, onProgress }: CollectOptions) {
    const backbone = await this.embedder.backboneId();
    const hashes = [...new Set(examples.map(({ sha256 }) => sha256))];
    const vectors = new Map<string, Float32Array>();
    for (let i = 0; i < hashes.length; i += MAX_EMBEDDINGS_PER_CALL) {
      signal.throwIfAborted();
      const wanted = hashes.slice(i, i + MAX_EMBEDDINGS_PER_CALL);
      const { embeddings } = await this.bus.call(embeddingContracts.getMany, { backbone, hashes: wanted });
      const known = new Set(embeddings.map(({ sha256 }) => sha256));
      const missing = wanted.filter((sha256) => !known.has(sha256));
      const computed = await this.compute(workspace, missing, signal);
      if (computed.length > 0) await this.bus.call(embeddingContracts.record, { backbone, embeddings: computed });
      for (const { sha256, vector } of [...embeddings, ...computed]) vectors.set(sha256, fromVectorText(vector));
      onProgress((i + wanted.length) / hashes.length);
    }
    return vectors;
  }

  private async compute(workspace: string, hashes: readonly string[], signal: AbortSignal): Promise<Embedding[]> {
    const found: Embedding[] = [];
    await inLanes(hashes, { lanes: LANES, signal }, async (sha256) => {
      const embedded = await usable(this.embedder.embed({ area: 'originals', workspace, sha256 }, { signal }));
      if (embedded) found.push({ sha256, vector: embedded.vector });
    });
    return found;
  }

  /**
   * Some more examples of each, which nobody else would have a use for: their embeddings are not kept. The same training gives
   * the same ones. There may be thousands, so that uploads go first.
   */
  private async augmented(
    { workspace, seed, augmentation }: Payload,
    examples: readonly Example[],
    { signal, onProgress }: CollectOptions,
  ): Promise<AugmentedExamples | undefined> {
    if (augmentation === null) return undefined;
    const transformations = resolveTransformations(augmentation.transformations);
    const vectors: Float32Array[][] = examples.map(() => []);
    let done = 0;
    await inLanes(examples, { lanes: LANES, signal }, async ({ sha256 }, row) => {
      await this.uploads.wait(workspace, signal);
      const made = this.embedder.embedAugmented(
        { area: 'originals', workspace, sha256 },
        {
          transformations,
          probability: augmentation.transformationProbability,
          seeds: Array.from({ length: augmentation.numberOfNewImages }, (_, i) => `${seed}/${sha256}/${i}`),
        },
        signal,
      );
      vectors[row] = (await usable(made)) ?? [];
      onProgress(++done / examples.length);
    });
    return toAugmentedExamples(vectors);
  }
}

/** Errors of one image, which a training or a batch of activation maps leaves out. Damaged bytes have been reported by the blob store. */
const LEFT_OUT: ReadonlySet<string> = new Set<ErrorCode>(['UNDECODABLE_IMAGE', 'NOT_FOUND', 'DATA_LOSS']);

/** Returns nothing for an image that cannot be decoded or is missing. */
export async function usable<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (DomainError.is(error) && LEFT_OUT.has(error.code)) return undefined;
    throw error;
  }
}

/** @param vectors of what was made of each example */
function toAugmentedExamples(vectors: readonly (readonly Float32Array[])[]): AugmentedExamples {
  const all = vectors.flat();
  const size = all[0]?.length ?? 0;
  const embeddings = new Float32Array(all.length * size);
  for (const [row, vector] of all.entries()) embeddings.set(vector, row * size);
  return { embeddings, sources: Uint32Array.from(vectors.flatMap((made, source) => made.map(() => source))) };
}

function toExample({ id, original, tags }: TrainingImage, trained: ReadonlySet<string>): Example {
  const tagIds = new Set(tags.map((tag) => tag.id).filter((tagId) => trained.has(tagId)));
  return { id, sha256: original.sha256, tagIds };
}

/** @throws DomainError FAILED_PRECONDITION for an image with several tags where there may be one */
function toTrainingSet(
  { tags, classificationType }: Payload,
  examples: readonly Example[],
  vectors: ReadonlyMap<string, Float32Array>,
): Omit<TrainingSet, 'augmented'> {
  const embeddingSize = vectors.values().next().value?.length ?? 0;
  const embeddings = new Float32Array(examples.length * embeddingSize);
  const labels = new Uint8Array(examples.length * tags.length);
  for (const [row, { sha256, tagIds }] of examples.entries()) {
    if (classificationType === 'multiclass' && tagIds.size > 1)
      throw new DomainError('FAILED_PRECONDITION', 'An image of a multiclass project has more than one tag.');
    embeddings.set(vectors.get(sha256) ?? [], row * embeddingSize);
    for (const [column, { id }] of tags.entries()) labels[row * tags.length + column] = tagIds.has(id) ? 1 : 0;
  }
  return { ids: examples.map(({ id }) => id), embeddings, embeddingSize, labels };
}
