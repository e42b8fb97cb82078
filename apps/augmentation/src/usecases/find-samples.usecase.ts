import { Injectable } from '@nestjs/common';
import { notFound, toObjectId } from '@pentaprism/database';
import type { Types } from 'mongoose';
import { AugmentationListRepository } from '../adapters/mongo/augmentation-list.repository.js';
import { SampleRepository } from '../adapters/mongo/sample.repository.js';
import { toSample, toSampleSet } from '../adapters/mongo/sample.schema.js';

export interface SamplePaging {
  readonly offset: number;
  readonly limit: number | null;
}

@Injectable()
export class FindSamples {
  constructor(
    private readonly lists: AugmentationListRepository,
    private readonly samples: SampleRepository,
  ) {}

  /** @throws DomainError NOT_FOUND also while nothing was made of the list */
  async ofList(workspace: string, listId: string, paging: SamplePaging) {
    const list = await this.lists.find(workspace, toObjectId(listId, 'augmentation list'));
    if (!list) throw notFound('augmentation list');
    if (!list.samples) throw notFound('set of samples');
    return this.page(workspace, list.samples, paging);
  }

  async ofSet(workspace: string, samplesId: string, paging: SamplePaging) {
    const set = await this.samples.findSet(workspace, toObjectId(samplesId, 'set of samples'));
    if (!set) throw notFound('set of samples');
    return this.page(workspace, set._id, paging);
  }

  /** The kept sets of all lists of a project. */
  async sets(workspace: string, projectId: string, { offset, limit }: { offset: number; limit: number }) {
    const { sets, total } = await this.samples.setsOfLists(workspace, toObjectId(projectId, 'project'), offset, limit);
    return { sets: sets.map(toSampleSet), total };
  }

  async image(workspace: string, projectId: string, imageId: string) {
    const found = await this.samples.findImage(
      workspace,
      toObjectId(projectId, 'project'),
      toObjectId(imageId, 'image'),
    );
    if (!found) throw notFound('image');
    const { sha256, size, mediaType } = found.content;
    return { ...toSample(found), sha256, size, mediaType };
  }

  private async page(workspace: string, set: Types.ObjectId, { offset, limit }: SamplePaging) {
    const [samples, total] = await Promise.all([
      this.samples.list(workspace, set, offset, limit),
      this.samples.count(workspace, set),
    ]);
    return { samplesId: set.toHexString(), samples: samples.map(toSample), total };
  }
}
