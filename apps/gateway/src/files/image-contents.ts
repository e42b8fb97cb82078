import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { Bus, watchSignal } from '@pentaprism/bus';
import { Groups } from '@pentaprism/concurrency';
import { imageContentChanged, imageContracts, type ResponseOf } from '@pentaprism/contracts';
import { DomainError, systemNow } from '@pentaprism/domain';
import { LRUCache } from 'lru-cache';

type ImageContent = ResponseOf<typeof imageContracts.getContents>['contents'][number];

/**
 * Milliseconds that an answer is used again where no signal ends it sooner: how long, at most, a file can still be had
 * of another gateway that did not hear of the image's end.
 */
export const KEPT_MS = 1000;
const KEPT_ENTRIES = 10_000;

/**
 * Whether an image is still there and which bytes it has, for downloads. What is asked for at once is one call; what
 * was just asked is remembered until the catalog signals a change. A change that was made through this gateway is
 * signalled before it is answered, so that the URLs of an image are dead when the client that deleted it gets its answer.
 */
@Injectable()
export class ImageContents implements OnModuleDestroy {
  private readonly calls = new Groups<string, ImageContent>((workspace, ids) => this.find(workspace, ids));
  private readonly kept = new LRUCache<string, ImageContent>({ max: KEPT_ENTRIES, ttl: KEPT_MS });
  private readonly unwatch: () => void;
  /** Signals heard: an answer that was under way when one came may be older than it. */
  private signals = 0;

  constructor(private readonly bus: Bus) {
    this.unwatch = watchSignal(bus.connection, imageContentChanged, ({ workspace, imageId }) => {
      this.signals++;
      this.kept.delete(`${workspace}/${imageId}`);
    });
  }

  /** @throws DomainError NOT_FOUND for an unknown image, and for one without a file */
  async get(workspace: string, imageId: string): Promise<ImageContent> {
    const kept = this.kept.get(`${workspace}/${imageId}`);
    return kept && !isOver(kept) ? kept : this.calls.add(workspace, imageId);
  }

  onModuleDestroy(): void {
    this.unwatch();
  }

  private async find(workspace: string, imageIds: readonly string[]): Promise<(ImageContent | DomainError)[]> {
    const ids = [...new Set(imageIds)];
    const before = this.signals;
    const { contents } = await this.bus.call(imageContracts.getContents, { ids }, { context: { workspace } });
    const byId = new Map(contents.map((content) => [content.imageId, content]));
    if (this.signals === before)
      for (const content of contents) this.kept.set(`${workspace}/${content.imageId}`, content);
    return imageIds.map((id) => byId.get(id) ?? new DomainError('NOT_FOUND', 'There is no such file.'));
  }
}

function isOver({ expiresAt }: ImageContent): boolean {
  return expiresAt !== null && expiresAt <= systemNow();
}
