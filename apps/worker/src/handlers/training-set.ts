import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { trainingImageContracts, type JobPayload, type trainModel, type TrainingImage } from '@pentaprism/contracts';
import { DomainError, MAX_TRAINING_PAGE_SIZE } from '@pentaprism/domain';
import type { AugmentedExamples } from '@pentaprism/inference';
import { Embeddings, type EmbeddingOptions } from '../inference/embeddings.js';
import type { JobParts } from '../job-parts.js';

type Payload = JobPayload<typeof trainModel>;

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

interface CollectOptions extends EmbeddingOptions {
  /** Of the job; it lets others go first. */
  readonly parts?: JobParts;
}

/**
 * Brings the images of a snapshot and their embeddings together; those that are missing are computed on the way, and so are
 * those of augmented images.
 */
@Injectable()
export class TrainingSets {
  constructor(
    private readonly bus: Bus,
    private readonly embeddings: Embeddings,
  ) {}

  /** @throws DomainError FAILED_PRECONDITION when hardly any image of the snapshot can be learnt from */
  async collect(payload: Payload, options: CollectOptions): Promise<TrainingSet> {
    const examples = await this.examplesOf(payload, options.signal);
    const { signal, onProgress, parts } = options;
    // As if each picture took as long as any other. Most originals are known; of what is augmented, none.
    const originals = 1 / (1 + (payload.augmentation?.numberOfNewImages ?? 0));
    const vectors = await this.vectorsOf(payload.workspace, examples, {
      signal,
      onProgress: (share) => onProgress(share * originals),
      onComputed: parts && (() => parts.letOthersGoFirst()),
    });
    const learnable = examples.filter(({ sha256 }) => vectors.has(sha256));
    if (learnable.length < 2) throw new DomainError('FAILED_PRECONDITION', 'No image of the training can be decoded.');
    const set = toTrainingSet(payload, learnable, vectors);
    const augmented = await this.augmented(payload, learnable, {
      signal,
      onProgress: (share) => onProgress(originals + share * (1 - originals)),
      ...(parts && { parts }),
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

  private async vectorsOf(workspace: string, examples: readonly Example[], options: EmbeddingOptions) {
    const vectors = new Map<string, Float32Array>();
    const hashes = examples.map(({ sha256 }) => sha256);
    await this.embeddings.forEach(workspace, hashes, options, (sha256, vector) => void vectors.set(sha256, vector));
    return vectors;
  }

  /** Some more examples of each. */
  private async augmented(
    { workspace, seed, augmentation }: Payload,
    examples: readonly Example[],
    { parts, ...options }: EmbeddingOptions & Pick<CollectOptions, 'parts'>,
  ): Promise<AugmentedExamples | undefined> {
    if (augmentation === null) return undefined;
    const hashes = examples.map(({ sha256 }) => sha256);
    const request = { workspace, hashes, recipe: augmentation, seed: String(seed), parts };
    return toAugmentedExamples(await this.embeddings.augmented(request, options));
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
