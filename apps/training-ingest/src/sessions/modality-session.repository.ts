import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { trusted, type ClientSession, type Model } from 'mongoose';
import { MODALITY_SESSION_MODEL, type ModalitySessionDocument } from './modality-session.schema.js';

/** Sessions that are kept here; what has expired by `now` is not there any more. */
@Injectable()
export class ModalitySessionRepository {
  constructor(@InjectModel(MODALITY_SESSION_MODEL) private readonly sessions: Model<ModalitySessionDocument>) {}

  async create(
    workspace: string,
    fields: Pick<ModalitySessionDocument, '_id' | 'createdAt' | 'expiresAt'>,
    session: ClientSession,
  ): Promise<ModalitySessionDocument> {
    const document = { ...fields, workspace, images: 0 };
    await this.sessions.create([document], { session });
    return document;
  }

  find(
    workspace: string,
    id: string,
    now: Date,
    session: ClientSession | null = null,
  ): Promise<ModalitySessionDocument | null> {
    return this.sessions
      .findOne({ _id: id, workspace, expiresAt: trusted({ $gt: now }) })
      .session(session)
      .lean();
  }

  count(workspace: string, now: Date, session: ClientSession): Promise<number> {
    return this.sessions.countDocuments({ workspace, expiresAt: trusted({ $gt: now }) }).session(session);
  }

  /**
   * Counts another image. A session that is removed by another transaction at the same time makes one of the two run
   * again.
   * @returns the image's number in its session, from 1; null when there is no such session
   */
  async countImage(workspace: string, id: string, now: Date, session: ClientSession): Promise<number | null> {
    const counted = await this.sessions
      .findOneAndUpdate(
        { _id: id, workspace, expiresAt: trusted({ $gt: now }) },
        { $inc: { images: 1 } },
        { session, returnDocument: 'after' },
      )
      .lean();
    return counted?.images ?? null;
  }

  async remove(workspace: string, id: string, session: ClientSession): Promise<void> {
    await this.sessions.deleteOne({ _id: id, workspace }, { session });
  }

  /** Of all workspaces, for the sweeper. */
  expired(now: Date, limit: number): Promise<ModalitySessionDocument[]> {
    return this.sessions
      .find({ expiresAt: trusted({ $lte: now }) })
      .sort({ expiresAt: 1 })
      .limit(limit)
      .lean();
  }
}
