import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { Groups } from '@pentaprism/concurrency';
import { imageContracts, type ResponseOf } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';

type ImageContent = ResponseOf<typeof imageContracts.getContents>['contents'][number];

/** Asks for every download whether the image is still there, and which bytes it has: in one call for all at once. */
@Injectable()
export class ImageContents {
  private readonly calls = new Groups<string, ImageContent>((workspace, ids) => this.find(workspace, ids));

  constructor(private readonly bus: Bus) {}

  /** @throws DomainError NOT_FOUND for an unknown image, and for one without a file */
  get(workspace: string, imageId: string): Promise<ImageContent> {
    return this.calls.add(workspace, imageId);
  }

  private async find(workspace: string, imageIds: readonly string[]): Promise<(ImageContent | DomainError)[]> {
    const ids = [...new Set(imageIds)];
    const { contents } = await this.bus.call(imageContracts.getContents, { ids }, { context: { workspace } });
    const byId = new Map(contents.map((content) => [content.imageId, content]));
    return imageIds.map((id) => byId.get(id) ?? new DomainError('NOT_FOUND', 'There is no such file.'));
  }
}
