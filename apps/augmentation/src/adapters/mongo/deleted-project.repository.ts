import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { systemDate } from '@pentaprism/domain';
import { trusted, type Model, type Types } from 'mongoose';
import { DELETED_PROJECT_MODEL, type DeletedProjectDocument } from './deleted-project.schema.js';

@Injectable()
export class DeletedProjectRepository {
  constructor(@InjectModel(DELETED_PROJECT_MODEL) private readonly projects: Model<DeletedProjectDocument>) {}

  async remember(workspace: string, project: Types.ObjectId): Promise<void> {
    await this.projects.updateOne(
      { _id: project },
      { $setOnInsert: { workspace, deletedAt: systemDate() } },
      { upsert: true },
    );
  }

  /** Of all workspaces, for the sweeper. */
  since(date: Date): Promise<DeletedProjectDocument[]> {
    return this.projects.find({ deletedAt: trusted({ $gte: date }) }).lean();
  }
}
