import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { imageContracts, tagContracts, type ContentReference, type Image } from '@pentaprism/contracts';
import { checkTagNames } from '@pentaprism/domain';

export interface ReceivedImage {
  readonly projectId?: string | undefined;
  readonly fileName: string;
  readonly announcedSize: number;
  readonly tagNames: readonly string[];
  readonly content: ContentReference | null;
}

/** The way of an image into the system: names are checked, tags found or made, the catalog records it. */
@Injectable()
export class ReceiveImage {
  constructor(private readonly bus: Bus) {}

  async add({ projectId, fileName, announcedSize, tagNames, content }: ReceivedImage): Promise<Image> {
    // Before anything is made: a refused request leaves no new tags behind.
    const names = checkTagNames(tagNames);
    const project = projectId === undefined ? {} : { projectId };
    const { tags } = names.length > 0 ? await this.bus.call(tagContracts.ensure, { ...project, names }) : { tags: [] };
    return this.bus.call(imageContracts.create, { ...project, fileName, announcedSize, tags, content });
  }

  attach(imageId: string, content: ContentReference): Promise<Image> {
    return this.bus.call(imageContracts.attach, { id: imageId, content });
  }
}
