import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { trusted, type ClientSession, type Model } from 'mongoose';
import { MODALITY_IMAGE_MODEL, type ModalityImageDocument } from './modality-image.schema.js';

/** Images of sessions that are kept here; whether the session has expired is not looked at. */
@Injectable()
export class ModalityImageRepository {
  constructor(@InjectModel(MODALITY_IMAGE_MODEL) private readonly images: Model<ModalityImageDocument>) {}

  async add(
    workspace: string,
    fields: Omit<ModalityImageDocument, 'workspace'>,
    session: ClientSession,
  ): Promise<ModalityImageDocument> {
    const document = { ...fields, workspace };
    await this.images.create([document], { session });
    return document;
  }

  find(workspace: string, session: string, id: string): Promise<ModalityImageDocument | null> {
    return this.images.findOne({ _id: id, workspace, session }).lean();
  }

  /** In the order in which they were taken. */
  list(workspace: string, session: string): Promise<ModalityImageDocument[]> {
    return this.images.find({ workspace, session }).sort({ position: 1 }).lean();
  }

  async removeOfSession(workspace: string, modalitySession: string, session: ClientSession): Promise<void> {
    await this.images.deleteMany({ workspace, session: modalitySession }, { session });
  }

  /** Which of these hashes images refer to. */
  async known(workspace: string, hashes: readonly string[]): Promise<Set<string>> {
    const found = await this.images.find({ workspace, 'content.sha256': trusted({ $in: [...hashes] }) }).lean();
    return new Set(found.map(({ content }) => content.sha256));
  }
}
