import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { Embedding } from '@pentaprism/contracts';
import { systemDate } from '@pentaprism/domain';
import { mongo, type ClientSession, type Model } from 'mongoose';
import { EMBEDDING_MODEL, type EmbeddingDocument } from './embedding.schema.js';

type Found = Required<Pick<EmbeddingDocument, 'sha256' | 'vector'>>;

/** Embeddings, one for each content. Straight to the driver: mongoose would copy each vector once more. */
@Injectable()
export class EmbeddingRepository {
  constructor(@InjectModel(EMBEDDING_MODEL) private readonly embeddings: Model<EmbeddingDocument>) {}

  /** Notes that an embedding is to be computed; false when that, or more, is known already. */
  async expect(workspace: string, sha256: string, session: ClientSession): Promise<boolean> {
    const { upsertedCount } = await this.embeddings.collection.updateOne(
      { workspace, sha256 },
      { $setOnInsert: { state: 'pending', createdAt: systemDate() } },
      { upsert: true, session },
    );
    return upsertedCount === 1;
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

  /** Records that there is no embedding. One that another call has recorded meanwhile stays. */
  async recordNone(workspace: string, sha256: string, session: ClientSession): Promise<void> {
    await this.embeddings.collection.updateOne(
      { workspace, sha256, state: 'pending' },
      { $set: { state: 'none' } },
      { session },
    );
  }

  async remove(workspace: string, sha256: string): Promise<void> {
    await this.embeddings.collection.deleteOne({ workspace, sha256 });
  }
}
