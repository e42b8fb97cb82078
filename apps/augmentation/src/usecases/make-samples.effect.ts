import { Injectable } from '@nestjs/common';
import { makeSamples, type JobPayload, type JobResult } from '@pentaprism/contracts';
import type { JobDocument, JobEffect } from '@pentaprism/jobs';
import { Types, type ClientSession } from 'mongoose';
import { AugmentationListRepository } from '../adapters/mongo/augmentation-list.repository.js';
import { DeletedImageRepository } from '../adapters/mongo/deleted-image.repository.js';
import { SampleRepository } from '../adapters/mongo/sample.repository.js';
import type { SampleDocument } from '../adapters/mongo/sample.schema.js';

type Result = JobResult<typeof makeSamples>;
type NewSample = Omit<SampleDocument, 'workspace' | 'project' | 'set'>;

/**
 * Sets of samples that a list keeps. Clients that look at older images while new ones are made still find them, and
 * TensorBoard shows them as steps, of which it keeps as many itself.
 */
export const KEPT_SETS_PER_LIST = 10;

/** Writes down what a worker made, and shows it on the list. */
@Injectable()
export class MakeSamplesEffect implements JobEffect<typeof makeSamples> {
  readonly type = makeSamples;

  constructor(
    private readonly lists: AugmentationListRepository,
    private readonly samples: SampleRepository,
    private readonly deletedImages: DeletedImageRepository,
  ) {}

  async completed(job: JobDocument, { originals }: Result, session: ClientSession): Promise<void> {
    const { workspace, _id } = job;
    const { projectId, listId } = job.payload as JobPayload<typeof makeSamples>;
    const list = listId === null ? null : new Types.ObjectId(listId);
    if (list && !(await this.lists.setSamples(workspace, list, _id, session))) return;
    const sources = originals.map(({ imageId }) => new Types.ObjectId(imageId));
    const gone = await this.deletedImages.among(workspace, sources, session);
    const kept = originals.filter(({ imageId }) => !gone.has(imageId));
    const set = { _id, project: new Types.ObjectId(projectId), list };
    await this.samples.add(workspace, set, toSamples(kept), session);
    if (list) await this.samples.removeOfList(workspace, list, KEPT_SETS_PER_LIST, session);
  }
}

/** Each original, then what was made of it. */
export function toSamples(originals: Result['originals']): NewSample[] {
  return originals
    .flatMap(({ imageId, width, height, augmented }) => {
      const source = new Types.ObjectId(imageId);
      return [
        { source, width, height, content: null },
        ...augmented.map(({ width, height, ...content }) => ({ source, width, height, content })),
      ];
    })
    .map((sample, position) => ({ ...sample, _id: new Types.ObjectId(), position }));
}
