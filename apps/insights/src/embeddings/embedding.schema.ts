import { Schema, type mongo, type Types } from 'mongoose';

/** What is known of the embedding of one content. */
export interface EmbeddingDocument {
  _id: Types.ObjectId;
  workspace: string;
  /** Of the content. */
  sha256: string;
  /** `pending`: a job is to compute it. `none`: it has no pixels. */
  state: 'pending' | 'embedded' | 'none';
  /** The model that it comes from. */
  backbone?: string;
  /** float32, little-endian, L2-normalised. */
  vector?: mongo.Binary;
  createdAt: Date;
}

export const EMBEDDING_MODEL = 'Embedding';

export const embeddingSchema = new Schema<EmbeddingDocument>(
  {
    workspace: { type: String, required: true },
    sha256: { type: String, required: true },
    state: { type: String, required: true },
    backbone: String,
    vector: Buffer,
    createdAt: { type: Date, required: true },
  },
  { collection: 'embeddings', versionKey: false },
);
embeddingSchema.index({ workspace: 1, sha256: 1 }, { unique: true });
