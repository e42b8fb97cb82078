import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  imageContracts,
  type ContentReference,
  type Image,
  type RequestOf,
  type TagReference,
} from '@pentaprism/contracts';
import { checkTagNames, DomainError } from '@pentaprism/domain';
import { KnownTags } from './known-tags.js';

export interface ReceivedImage {
  readonly projectId?: string | undefined;
  readonly fileName: string;
  readonly announcedSize: number;
  readonly tagNames: readonly string[];
  readonly content: ContentReference | null;
}

type ImageKey = RequestOf<typeof imageContracts.get>;

/** Times that tags are looked up for one image, when each time one of them changes before the image has it. */
const TAG_ATTEMPTS = 3;

/** The way of an image into the system: names are checked, tags found or made, the catalog records it. */
@Injectable()
export class ReceiveImage {
  constructor(
    private readonly bus: Bus,
    private readonly tags: KnownTags,
  ) {}

  async add({ projectId, fileName, announcedSize, tagNames, content }: ReceivedImage): Promise<Image> {
    // Before anything is made: a refused request leaves no new tags behind.
    const names = checkTagNames(tagNames);
    const project = projectId === undefined ? {} : { projectId };
    return this.withTags(project, names, (tags) =>
      this.bus.call(imageContracts.create, { ...project, fileName, announcedSize, tags, content }),
    );
  }

  /** @param options `ifUploadedAt` as in the contract; `context` where no request has brought one */
  attach(
    imageId: string,
    content: ContentReference,
    { ifUploadedAt, context = {} }: { ifUploadedAt?: number | null; context?: { workspace?: string } } = {},
  ): Promise<Image> {
    const condition = ifUploadedAt === undefined ? {} : { ifUploadedAt };
    return this.bus.call(imageContracts.attach, { id: imageId, content, ...condition }, { context });
  }

  async setTags(key: ImageKey, tagNames: readonly string[]): Promise<Image> {
    const names = checkTagNames(tagNames);
    // An image that does not exist makes no tags.
    const { id, projectId } = await this.bus.call(imageContracts.get, key);
    return this.withTags({ projectId }, names, (tags) => this.bus.call(imageContracts.setTags, { id, tags }));
  }

  /** The catalog refuses tags that were renamed or deleted since they were looked up: they are looked up again, or made. */
  private async withTags(
    project: { projectId?: string },
    names: string[],
    record: (tags: TagReference[]) => Promise<Image>,
  ): Promise<Image> {
    if (names.length === 0) return record([]);
    for (let attempt = 1; ; attempt++) {
      const tags = await this.tags.ensure(project, names, { fresh: attempt > 1 });
      try {
        return await record(tags);
      } catch (error) {
        if (!DomainError.is(error, 'CONFLICT')) throw error;
        // Nothing that the client did: the same request may succeed.
        if (attempt === TAG_ATTEMPTS) throw new DomainError('UNAVAILABLE', error.message, {}, { cause: error });
      }
    }
  }
}
