import { Injectable } from '@nestjs/common';
import type { Image, TagReference } from '@pentaprism/contracts';
import { notFound, toObjectId, Transactions } from '@pentaprism/database';
import { systemDate } from '@pentaprism/domain';
import { ImageCountRepository } from '../projects/image-count.repository.js';
import { ImageTagRepository } from './image-tag.repository.js';
import { toTagDocuments } from './image.schema.js';
import { conflictingTags, TagStateRepository } from './tag-state.repository.js';
import { FindImages } from './find-images.usecase.js';

/** Replaces the tags of an image. Of several replacements at once, one wins as a whole. */
@Injectable()
export class SetImageTags {
  constructor(
    private readonly images: ImageTagRepository,
    private readonly states: TagStateRepository,
    private readonly counts: ImageCountRepository,
    private readonly transactions: Transactions,
    private readonly find: FindImages,
  ) {}

  /**
   * @throws DomainError NOT_FOUND; CONFLICT when a tag was changed or deleted since it was looked up; FAILED_PRECONDITION for
   *   a negative tag beside others
   */
  async execute(workspace: string, id: string, references: readonly TagReference[]): Promise<Image> {
    const image = toObjectId(id, 'image');
    const tags = toTagDocuments(references, systemDate());
    const changed = await this.transactions.runInTurn([`${workspace}/${id}`], async (session) => {
      const states = await this.states.of(
        workspace,
        references.map(({ id }) => id),
        session,
      );
      states.check(references);
      if (states.conflict(references)) throw conflictingTags();
      const found = await this.images.set(workspace, image, tags, session);
      if (!found) throw notFound('image');
      await this.states.learn(workspace, references, states, session);
      await this.counts.note(workspace, found.project, [], session);
      return found;
    });
    const [record] = await this.find.withReasons(workspace, [changed]);
    return record as Image;
  }
}
