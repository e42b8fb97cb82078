import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { targetContracts, type RequestOf, type ResponseOf } from '@pentaprism/contracts';
import { LRUCache } from 'lru-cache';

type Question = Omit<RequestOf<typeof targetContracts.images>, 'known'>;
type Page = Pick<ResponseOf<typeof targetContracts.images>, 'images' | 'total' | 'revision'>;

/** Memory of all pages that are kept: about 500 pages of 100 images with short labels. */
const KEPT_BYTES = 16 * 1024 ** 2;
/** What an image takes in memory, besides the characters of its labels. */
const BYTES_PER_IMAGE = 300;

/**
 * Pages of images by their target values. They are kept with the revision that they were read at. Each request checks whether that
 * is the current one, so that the service need not send the same page again.
 */
@Injectable()
export class TargetImagePages {
  private readonly pages = new LRUCache<string, Page>({
    maxSize: KEPT_BYTES,
    sizeCalculation: ({ images }, key) =>
      images.reduce((sum, { value }) => sum + BYTES_PER_IMAGE + 2 * charactersOf(value), BYTES_PER_IMAGE + key.length),
  });

  constructor(private readonly bus: Bus) {}

  /** Throws as `targetContracts.images`. */
  async read(workspace: string, question: Question): Promise<Page> {
    const key = JSON.stringify([workspace, question]);
    const kept = this.pages.get(key);
    const known = kept && { known: kept.revision };
    const answer = await this.bus.call(targetContracts.images, { ...question, ...known });
    if (kept && answer.unchanged) return kept;
    const { images, total, revision } = answer;
    this.pages.set(key, { images, total, revision });
    return { images, total, revision };
  }
}

function charactersOf(value: Page['images'][number]['value']): number {
  return typeof value === 'number' ? 0 : [value].flat().reduce((sum, text) => sum + text.length, 0);
}
