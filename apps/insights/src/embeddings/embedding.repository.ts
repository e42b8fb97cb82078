import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Embedding } from '@pentaprism/contracts';
import { systemDate } from '@pentaprism/domain';
import { mongo, type ClientSession, type Model } from 'mongoose';
import { EMBEDDING_MODEL, type EmbeddingDocument } from './embedding.schema.js';

export interface StoredVector {
  readonly sha256: string;
  readonly backbone: string;
  readonly vector: Float32Array | null;
}

type Found = Required<Pick<EmbeddingDocument, 'sha256' | 'vector'>>;

/** Embeddings, one for each content. Straight to the driver: mongoose would copy each vector once more. */
@Injectable()
export class EmbeddingRepository {
  constructor(@InjectModel(EMBEDDING_MODEL) private readonly embeddings: Model<EmbeddingDocument>) {}

  /** Notes that embeddings are to be computed. Returns the contents of which that, or more, was not known already. */
  async expect(workspace: string, hashes: readonly string[], session: ClientSession): Promise<string[]> {
    const $setOnInsert = { state: 'pending', createdAt: systemDate() } as const;
    const { upsertedIds } = await this.embeddings.collection.bulkWrite(
      hashes.map((sha256) => ({
        updateOne: { filter: { workspace, sha256 }, update: { $setOnInsert }, upsert: true },
      })),
      { session },
    );
    return hashes.filter((_, i) => i in upsertedIds);
  }

  /** Those that this backbone made. */
  async find(workspace: string, backbone: string, hashes: readonly string[]): Promise<Embedding[]> {
    const found = await this.embeddings.collection
      .find<Found>(
        { workspace, sha256: { $in: [...hashes] }, state: 'embedded', backbone },
        { projection: { _id: 0, sha256: 1, vector: 1 } },
      )
      .toArray();
    return found.map(({ sha256, vector }) => ({ sha256, vector: vector.toString('base64') }));
  }

  /**
   * Returns the vectors of contents, in no order; null for a content without pixels. Left out: contents whose embeddings are not
   * computed yet, or were made by another backbone than this one.
   */
  async vectors(workspace: string, hashes: readonly string[], backbone?: string): Promise<StoredVector[]> {
    const found = await this.embeddings.collection
      .find<Pick<EmbeddingDocument, 'sha256' | 'state' | 'backbone' | 'vector'>>(
        { workspace, sha256: { $in: [...hashes] }, state: { $ne: 'pending' } },
        { projection: { _id: 0, sha256: 1, state: 1, backbone: 1, vector: 1 } },
      )
      .toArray();
    return found
      .filter((each) => each.state === 'none' || backbone === undefined || each.backbone === backbone)
      .map((each) => ({
        sha256: each.sha256,
        backbone: each.backbone ?? '',
        vector: each.vector ? toFloat32(each.vector) : null,
      }));
  }

  /** Returns how many numbers the longest vector of these contents has; 0 if there is none. */
  async dimensions(workspace: string, hashes: readonly string[]): Promise<number> {
    const found = await this.vectors(workspace, hashes);
    return found.reduce((most, { vector }) => Math.max(most, vector?.length ?? 0), 0);
  }

  async record(
    workspace: string,
    backbone: string,
    embeddings: readonly Embedding[],
    session?: ClientSession,
  ): Promise<void> {
    if (embeddings.length === 0) return;
    const createdAt = systemDate();
    await this.embeddings.collection.bulkWrite(
      embeddings.map(({ sha256, vector }) => ({
        updateOne: {
          filter: { workspace, sha256 },
          update: {
            $set: { state: 'embedded', backbone, vector: mongo.Binary.createFromBase64(vector) },
            $setOnInsert: { createdAt },
          },
          upsert: true,
        },
      })),
      session ? { session, ordered: false } : { ordered: false },
    );
  }

  /** Records that there are no embeddings. One that another call has recorded stays. */
  async recordNone(workspace: string, hashes: readonly string[], session: ClientSession): Promise<void> {
    if (hashes.length === 0) return;
    await this.embeddings.collection.updateMany(
      { workspace, sha256: { $in: [...hashes] }, state: 'pending' },
      { $set: { state: 'none' } },
      { session },
    );
  }

  async remove(workspace: string, sha256: string): Promise<void> {
    await this.embeddings.collection.deleteOne({ workspace, sha256 });
  }
}

/** A copy: the memory of the bytes may begin anywhere. */
function toFloat32(vector: mongo.Binary): Float32Array {
  return new Float32Array(Uint8Array.from(vector.buffer.subarray(0, vector.position)).buffer);
}
