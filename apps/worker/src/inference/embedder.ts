import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import type { BlobKey, BlobStore } from '@pentaprism/blob-store';
import type { VariantOptions } from '@pentaprism/imaging';
import { toVectorText } from '@pentaprism/heads';
import { type Backbone, DEFAULT_BACKBONE_PATH, openOnnxBackbone } from '@pentaprism/inference';
import { BLOB_STORE } from '@pentaprism/service';
import { readFile } from 'node:fs/promises';
import { imageSource } from '../handlers/image-source.js';
import type { SharedPool } from '../shared-pool.js';
import { BACKBONE_PATH, DECODE_POOL, PROMPT_POOL } from '../tokens.js';

/** An embedding, and the model that it comes from. */
export interface Embedded {
  readonly backbone: string;
  /** float32, little-endian, in base64. */
  readonly vector: string;
}

export interface EmbedOptions {
  /** Somebody waits for the answer: it must not stand behind jobs. */
  readonly prompt?: boolean;
  /** Ends the wait for a place. */
  readonly signal?: AbortSignal;
}

/**
 * From bytes in the blob store to their embedding. Pixels come from decode processes; the network runs here, on one
 * thread, while they decode the next picture. It is loaded when it is first needed, since it takes memory.
 */
@Injectable()
export class Embedder implements OnApplicationShutdown {
  private loading: Promise<Backbone> | undefined;

  constructor(
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(DECODE_POOL) private readonly pool: SharedPool,
    @Inject(PROMPT_POOL) private readonly promptPool: SharedPool,
    @Inject(BACKBONE_PATH) private readonly path: string | undefined,
  ) {}

  /** Returns the network, which is closed when the application shuts down. */
  backbone(): Promise<Backbone> {
    this.loading ??= openOnnxBackbone(this.path).catch((error: unknown) => {
      this.loading = undefined;
      throw error;
    });
    return this.loading;
  }

  /** Of the network that is used: embeddings of another one cannot be compared with its own. */
  async backboneId(): Promise<string> {
    return (await this.backbone()).id;
  }

  /** Numbers of an embedding. */
  async embeddingSize(): Promise<number> {
    return (await this.backbone()).embeddingSize;
  }

  /** The ONNX file itself. */
  backboneFile(): Promise<Buffer> {
    return readFile(this.path ?? DEFAULT_BACKBONE_PATH);
  }

  /** @throws DomainError UNDECODABLE_IMAGE; NOT_FOUND when the bytes are not there; DATA_LOSS; UNAVAILABLE */
  async embed(key: BlobKey, { prompt = false, signal }: EmbedOptions = {}): Promise<Embedded> {
    const [backbone, source] = await Promise.all([this.backbone(), imageSource(this.blobs, key)]);
    const shared = prompt ? this.promptPool : this.pool;
    // With its place until the network has run as well: there, too, a workspace with many pictures is not before others.
    const embedding = await shared.use(
      key.workspace,
      async (pool) => {
        const { pixels } = await pool.modelInput(source, backbone.inputSize);
        return (await backbone.embed([pixels]))[0];
      },
      signal,
    );
    if (!embedding) throw new Error('the backbone gave no embedding');
    return { backbone: backbone.id, vector: toVectorText(embedding) };
  }

  /**
   * Of new pictures that are made of one, in the order of the seeds; see `DecodePool.augmentedInputs`.
   *
   * @throws DomainError as `embed`
   */
  async embedAugmented(key: BlobKey, options: VariantOptions, signal?: AbortSignal): Promise<Float32Array[]> {
    const [backbone, source] = await Promise.all([this.backbone(), imageSource(this.blobs, key)]);
    return this.pool.use(
      key.workspace,
      async (pool) => backbone.embed(await pool.augmentedInputs(source, { ...backbone.inputSize, ...options })),
      signal,
    );
  }

  async onApplicationShutdown(): Promise<void> {
    await (await this.loading?.catch(() => undefined))?.close();
  }
}
