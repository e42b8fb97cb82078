import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { projectContracts, type AugmentationList, type AugmentationRecipe } from '@pentaprism/contracts';
import { notFound, toObjectId, Transactions } from '@pentaprism/database';
import { DomainError, MAX_AUGMENTATION_LISTS_PER_PROJECT, NEW_IMAGES_PER_IMAGE } from '@pentaprism/domain';
import { AugmentationListRepository } from '../adapters/mongo/augmentation-list.repository.js';
import { toAugmentationList, type ListSettings } from '../adapters/mongo/augmentation-list.schema.js';
import { SampleRepository } from '../adapters/mongo/sample.repository.js';
import { checkRecipe } from './check-recipe.js';
import { toKnownMembers } from './known-members.js';

export interface ListQuery {
  readonly projectId: string;
  readonly featureName?: string | undefined;
  readonly offset: number;
  readonly limit: number;
}

@Injectable()
export class ManageAugmentationLists {
  constructor(
    private readonly lists: AugmentationListRepository,
    private readonly samples: SampleRepository,
    private readonly transactions: Transactions,
    private readonly bus: Bus,
  ) {}

  async create(
    workspace: string,
    { projectId, ...settings }: ListSettings & { projectId: string },
  ): Promise<AugmentationList> {
    checkRecipe(settings, NEW_IMAGES_PER_IMAGE.min);
    const project = toObjectId(projectId, 'project');
    await this.bus.call(projectContracts.get, { id: projectId }, { context: { workspace } });
    if ((await this.lists.count(workspace, { project })) >= MAX_AUGMENTATION_LISTS_PER_PROJECT) {
      const message = `A project has at most ${MAX_AUGMENTATION_LISTS_PER_PROJECT} augmentation lists.`;
      throw new DomainError('FAILED_PRECONDITION', message, { limit: MAX_AUGMENTATION_LISTS_PER_PROJECT });
    }
    return toAugmentationList(await this.lists.create(workspace, project, settings));
  }

  async get(workspace: string, id: string): Promise<AugmentationList> {
    const list = await this.lists.find(workspace, toObjectId(id, 'augmentation list'));
    if (!list) throw notFound('augmentation list');
    return toAugmentationList(list);
  }

  async list(
    workspace: string,
    { projectId, featureName, offset, limit }: ListQuery,
  ): Promise<{ lists: AugmentationList[]; total: number }> {
    const filter = { project: toObjectId(projectId, 'project'), featureName };
    const [lists, total] = await Promise.all([
      this.lists.list(workspace, filter, offset, limit),
      this.lists.count(workspace, filter),
      this.bus.call(projectContracts.get, { id: projectId }, { context: { workspace } }),
    ]);
    return { lists: lists.map(toAugmentationList), total };
  }

  /** Returns the recipe of the list that trainings of this project use, which is in use from now on. Null if it makes nothing. */
  async recipeForTraining(workspace: string, projectId: string, use: boolean): Promise<AugmentationRecipe | null> {
    const list = await this.lists.findNewestInitial(workspace, toObjectId(projectId, 'project'));
    if (!list || list.numberOfNewImages === 0) return null;
    // It was deleted meanwhile: there may be another one.
    if (use && !(await this.lists.markInUse(workspace, list._id)))
      return this.recipeForTraining(workspace, projectId, use);
    const { transformationProbability, numberOfNewImages, transformations } = toAugmentationList(list);
    return { transformationProbability, numberOfNewImages, transformations: transformations.map(toKnownMembers) };
  }

  async update(workspace: string, id: string, changes: Partial<ListSettings>): Promise<AugmentationList> {
    checkRecipe(changes, 0);
    const list = await this.lists.update(workspace, toObjectId(id, 'augmentation list'), changes);
    if (!list) throw notFound('augmentation list');
    return toAugmentationList(list);
  }

  /** With the samples made of it; a job that is still making some will find the list gone. */
  async delete(workspace: string, id: string): Promise<Record<string, never>> {
    const key = toObjectId(id, 'augmentation list');
    await this.transactions.run(async (session) => {
      const list = await this.lists.find(workspace, key, session);
      if (!list) throw notFound('augmentation list');
      if (list.inUse) {
        throw new DomainError('FAILED_PRECONDITION', 'The augmentation list is in use and cannot be deleted.');
      }
      await this.lists.remove(workspace, key, session);
      await this.samples.removeOfList(workspace, key, 0, session);
    });
    return {};
  }
}
