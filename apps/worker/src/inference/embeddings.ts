import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { inLanes } from '@pentaprism/concurrency';
import {
  embeddingContracts,
  MAX_EMBEDDINGS_PER_CALL,
  type AugmentationRecipe,
  type Embedding,
} from '@pentaprism/contracts';
import { DomainError, resolveTransformations, type ErrorCode } from '@pentaprism/domain';
import { fromVectorText } from '@pentaprism/heads';
import { createHash } from 'node:crypto';
import { UploadsFirst } from '../handlers/uploads-first.js';
import type { JobParts } from '../job-parts.js';
import { Embedder } from './embedder.js';
import { decodeVectors, encodeVectors } from './vectors-file.js';

/** Pictures at a time: while one is decoded, the other is in the network. */
const LANES = 2;
/** Images whose new images are one part of a job: some seconds of work. */
const AUGMENTED_PER_PART = 64;

export interface EmbeddingOptions {
  readonly signal: AbortSignal;
  /** Called with a share from 0 to 1. */
  readonly onProgress: (share: number) => void;
  /** Called with the last of some contents whose embeddings were computed and recorded. What it throws ends the work. */
  readonly onComputed?: ((last: string) => Promise<void>) | undefined;
}

export interface AugmentationRequest {
  readonly workspace: string;
  readonly hashes: readonly string[];
  readonly recipe: AugmentationRecipe;
  readonly seed: string;
  /** Of the job that needs them. Without it, nothing is kept. */
  readonly parts?: JobParts | undefined;
}

/** Finds the embeddings of many images, and computes those that are missing. */
@Injectable()
export class Embeddings {
  constructor(
    private readonly bus: Bus,
    private readonly embedder: Embedder,
    private readonly uploads: UploadsFirst,
  ) {}

  /**
   * Passes on the embedding of each content once. Batches have the order of the contents, and their members have none. Contents that
   * cannot be decoded are left out.
   *
   * @param use is given a vector of Euclidean length 1, which it may keep
   */
  async forEach(
    workspace: string,
    contents: Iterable<string>,
    { signal, onProgress, onComputed }: EmbeddingOptions,
    use: (sha256: string, vector: Float32Array) => void,
  ): Promise<void> {
    const backbone = await this.embedder.backboneId();
    const hashes = [...new Set(contents)];
    for (let i = 0; i < hashes.length; i += MAX_EMBEDDINGS_PER_CALL) {
      signal.throwIfAborted();
      const wanted = hashes.slice(i, i + MAX_EMBEDDINGS_PER_CALL);
      const { embeddings } = await this.bus.call(embeddingContracts.getMany, { backbone, hashes: wanted });
      const known = new Set(embeddings.map(({ sha256 }) => sha256));
      const missing = wanted.filter((sha256) => !known.has(sha256));
      const computed = await this.compute(workspace, missing, signal);
      if (computed.length > 0) {
        await this.bus.call(embeddingContracts.record, { backbone, embeddings: computed });
        await onComputed?.(wanted.at(-1) ?? '');
      }
      for (const { sha256, vector } of [...embeddings, ...computed]) use(sha256, fromVectorText(vector));
      onProgress((i + wanted.length) / hashes.length);
    }
  }

  /**
   * Returns the embeddings of new images that are made of each content, in the order of the contents; none for one that cannot be
   * decoded. Nothing but a later attempt of the same job would use them, so that they are kept as its parts alone. The same request
   * returns the same ones. There may be thousands, so that uploads go first.
   */
  async augmented(request: AugmentationRequest, { signal, onProgress }: EmbeddingOptions): Promise<Float32Array[][]> {
    const { hashes, parts } = request;
    const backbone = await this.embedder.backboneId();
    const vectors: Float32Array[][] = [];
    while (vectors.length < hashes.length) {
      const some = hashes.slice(vectors.length, vectors.length + AUGMENTED_PER_PART);
      const report = (done: number) => onProgress((vectors.length + done) / hashes.length);
      const name = `augmented images of ${digestOf(some)} by ${backbone}`;
      const kept = await parts?.decoded(name, decodeVectors);
      const made = kept ?? (await this.augment(some, request, { signal, onProgress: report }));
      if (!kept) await parts?.keep(name, encodeVectors(made));
      if (kept) report(some.length);
      vectors.push(...made);
      if (!kept) await parts?.letOthersGoFirst();
    }
    return vectors;
  }

  private async augment(
    some: readonly string[],
    { workspace, recipe, seed }: AugmentationRequest,
    { signal, onProgress }: { readonly signal: AbortSignal; readonly onProgress: (done: number) => void },
  ): Promise<Float32Array[][]> {
    const transformations = resolveTransformations(recipe.transformations);
    const vectors: Float32Array[][] = some.map(() => []);
    let done = 0;
    await inLanes(some, { lanes: LANES, signal }, async (sha256, index) => {
      await this.uploads.wait(workspace, signal);
      const made = this.embedder.embedAugmented(
        { area: 'originals', workspace, sha256 },
        {
          transformations,
          probability: recipe.transformationProbability,
          seeds: Array.from({ length: recipe.numberOfNewImages }, (_, i) => `${seed}/${sha256}/${i}`),
        },
        signal,
      );
      vectors[index] = (await usable(made)) ?? [];
      onProgress(++done);
    });
    return vectors;
  }

  /** Returns the embeddings of different contents, in no order. Contents that cannot be decoded or are missing are left out. */
  async compute(workspace: string, hashes: readonly string[], signal: AbortSignal): Promise<Embedding[]> {
    const found: Embedding[] = [];
    await inLanes(hashes, { lanes: LANES, signal }, async (sha256) => {
      const embedded = await usable(this.embedder.embed({ area: 'originals', workspace, sha256 }, { signal }));
      if (embedded) found.push({ sha256, vector: embedded.vector });
    });
    return found;
  }
}

function digestOf(hashes: readonly string[]): string {
  return createHash('sha256').update(hashes.join()).digest('hex').slice(0, 32);
}

/** Errors of one image that is left out. Damaged bytes have been reported by the blob store. */
const LEFT_OUT: ReadonlySet<string> = new Set<ErrorCode>(['UNDECODABLE_IMAGE', 'NOT_FOUND', 'DATA_LOSS']);

/** Returns undefined for an image that cannot be decoded or is missing. */
export async function usable<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (DomainError.is(error) && LEFT_OUT.has(error.code)) return undefined;
    throw error;
  }
}
