import { Injectable } from '@nestjs/common';
import type { FactData, projectDeleted } from '@pentaprism/contracts';
import { toObjectId, Transactions } from '@pentaprism/database';
import type { Types } from 'mongoose';
import { AugmentationListRepository } from '../adapters/mongo/augmentation-list.repository.js';
import { DeletedProjectRepository } from '../adapters/mongo/deleted-project.repository.js';
import { SampleRepository } from '../adapters/mongo/sample.repository.js';

/** Lists or sets of one look. */
const BATCH = 100;

/** A project was deleted: its lists and samples go too, used or not. Their bytes follow when nothing refers to them. */
@Injectable()
export class ForgetProject {
  constructor(
    private readonly lists: AugmentationListRepository,
    private readonly samples: SampleRepository,
    private readonly projects: DeletedProjectRepository,
    private readonly transactions: Transactions,
  ) {}

  /** Also for the second time, and for one that was given up half way. */
  async execute(workspace: string, { projectId }: FactData<typeof projectDeleted>): Promise<void> {
    const project = toObjectId(projectId, 'project');
    // A list or a job may have found the project there, and come later: the sweeper looks again.
    await this.projects.remember(workspace, project);
    await this.removeAll(workspace, project);
  }

  async removeAll(workspace: string, project: Types.ObjectId): Promise<void> {
    // The lists first: a job of one that is gone brings no samples any more.
    await inBatches(
      () => this.lists.list(workspace, { project }, 0, BATCH),
      ({ _id }) =>
        this.transactions.run(async (session) => {
          await this.lists.remove(workspace, _id, session);
          await this.samples.removeOfList(workspace, _id, 0, session);
        }),
    );
    await inBatches(
      () => this.samples.setsOf(workspace, project, BATCH),
      ({ _id }) => this.transactions.run((session) => this.samples.removeSets(workspace, [_id], session)),
    );
  }
}

/** Removes what is found until nothing is. */
async function inBatches<T>(find: () => Promise<T[]>, remove: (found: T) => Promise<void>): Promise<void> {
  for (let batch = await find(); batch.length > 0; batch = await find()) for (const found of batch) await remove(found);
}
