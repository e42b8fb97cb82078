import { Inject, Injectable } from '@nestjs/common';
import type { BlobKey, BlobStore } from '@pentaprism/blob-store';
import { pipelined } from '@pentaprism/concurrency';
import { DomainError } from '@pentaprism/domain';
import type { ImageSource, Overlay } from '@pentaprism/imaging';
import {
  activationMap,
  contributionMap,
  type ActivationMap,
  type Backbone,
  type BackboneOutput,
  type ContributionPart,
  type FeatureMaps,
} from '@pentaprism/inference';
import { BLOB_STORE } from '@pentaprism/service';
import { imageSource } from '../handlers/image-source.js';
import { usable } from '../inference/embeddings.js';
import { Embedder } from '../inference/embedder.js';
import type { SharedPool } from '../shared-pool.js';
import { CONCURRENCY, DECODE_POOL } from '../tokens.js';

/** Pictures under way for each decode process: one in it, and one that is read from the blob store or being stored. */
const PICTURES_PER_PROCESS = 2;

/** What a map explains. */
export interface Explained {
  /** One for each number of the embedding: of a class, those of its column in the head; of two, their difference. */
  readonly weights: Float32Array;
  readonly part: ContributionPart;
}

export interface MappedPicture {
  readonly map: ActivationMap;
  readonly overlay: Overlay;
}

export interface MapOptions<Picture> {
  /** Returns what is explained of a picture, for instance its most probable class. The embedding has length 1. */
  readonly explain: (embedding: Float32Array, picture: Picture) => Explained;
  /** Called for one picture after another, in their order; without a result for one that cannot be decoded or is missing. */
  readonly done: (picture: Picture, mapped: MappedPicture | undefined) => Promise<void>;
  readonly signal: AbortSignal;
}

/** Computes activation maps and overlays of pictures in the blob store. */
@Injectable()
export class ActivationMaps {
  constructor(
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    private readonly embedder: Embedder,
    @Inject(DECODE_POOL) private readonly pool: SharedPool,
    @Inject(CONCURRENCY) private readonly concurrency: number,
  ) {}

  /**
   * Computes the maps of a batch. No more overlays are in memory than pictures are under way, whatever the size of the batch.
   *
   * @throws DomainError FAILED_PRECONDITION if the backbone has no activations; the signal's reason
   */
  async compute<Picture extends { readonly key: BlobKey }>(
    pictures: readonly Picture[],
    options: MapOptions<Picture>,
  ): Promise<void> {
    const backbone = await this.embedder.backbone();
    await pipelined(pictures, {
      atOnce: PICTURES_PER_PROCESS * this.concurrency,
      work: (picture) => usable(this.mapped(picture, backbone, options)),
      done: options.done,
    });
  }

  /** Keeps its place in the pool until the overlay is drawn, as an embedding does until the network has run. */
  private async mapped<Picture extends { readonly key: BlobKey }>(
    picture: Picture,
    backbone: Backbone,
    { explain, signal }: MapOptions<Picture>,
  ): Promise<MappedPicture> {
    signal.throwIfAborted();
    const source: ImageSource = await imageSource(this.blobs, picture.key);
    return this.pool.use(
      picture.key.workspace,
      async (pool) => {
        const { pixels } = await pool.modelInput(source, backbone.inputSize);
        const { embedding, activations } = withActivations(await backbone.run([pixels]));
        const { weights, part } = explain(embedding, picture);
        const map = activationMap(contributionMap(activations, weights), part);
        return { map, overlay: await pool.renderOverlay(source, map) };
      },
      signal,
    );
  }
}

function withActivations([output]: readonly BackboneOutput[]): BackboneOutput & { readonly activations: FeatureMaps } {
  const activations = output?.activations;
  if (!output || !activations)
    throw new DomainError('FAILED_PRECONDITION', 'The backbone has no activations, which activation maps are made of.');
  return { ...output, activations };
}
