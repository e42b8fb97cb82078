import type { ModalitySession } from '@pentaprism/contracts';
import { Schema } from 'mongoose';

export interface ModalitySessionDocument {
  /** A random UUID. */
  _id: string;
  workspace: string;
  createdAt: Date;
  /** From this millisecond on there is no such session. */
  expiresAt: Date;
  /** How many images were added to it: the number of the last one. */
  images: number;
}

export const MODALITY_SESSION_MODEL = 'ModalitySession';

export const modalitySessionSchema = new Schema<ModalitySessionDocument>(
  {
    _id: { type: String, required: true },
    workspace: { type: String, required: true },
    createdAt: { type: Date, required: true },
    expiresAt: { type: Date, required: true },
    images: { type: Number, required: true },
  },
  { collection: 'modality_sessions', versionKey: false },
);
modalitySessionSchema.index({ workspace: 1, expiresAt: 1 });
modalitySessionSchema.index({ expiresAt: 1 });

export function toModalitySession({ _id, createdAt, expiresAt }: ModalitySessionDocument): ModalitySession {
  return { sessionId: _id, createdAt: createdAt.getTime(), expiresAt: expiresAt.getTime() };
}
