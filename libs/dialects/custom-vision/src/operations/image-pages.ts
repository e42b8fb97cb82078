import { Injectable } from '@nestjs/common';
import { trainingImageContracts, type RequestOf, type TrainingImage } from '@pentaprism/contracts';
import { LRUCache } from 'lru-cache';
import { Services } from './services.js';

export type PageQuestion = Omit<RequestOf<typeof trainingImageContracts.list>, 'known' | 'offset'> & {
  readonly offset: number;
};

/** Images of all pages that are kept: at about 1.5 kB each, some 20 MB. */
export const KEPT_IMAGES = 14_000;

interface KeptPage {
  readonly revision: string;
  readonly images: readonly TrainingImage[];
}

/**
 * Pages of images. They are kept with the revision that they were read at, and the catalog is asked on every request
 * whether that one is current: what it then need not send, nobody looks up and parses again.
 */
@Injectable()
export class ImagePages {
  private readonly pages = new LRUCache<string, KeptPage>({ maxSize: KEPT_IMAGES });

  constructor(private readonly services: Services) {}

  async read(workspace: string, question: PageQuestion): Promise<readonly TrainingImage[]> {
    const key = `${workspace} ${JSON.stringify(question)}`;
    const kept = this.pages.get(key);
    const first = await this.part(question, 0, kept?.revision);
    if (kept && first.unchanged) return kept.images;
    const images = [...first.images];
    for (let part = first; !part.end && part.images.length > 0 && images.length < question.limit;) {
      part = await this.part(question, images.length);
      images.push(...part.images);
    }
    // Of several parts the first one's: a change in between makes the page look older than it is.
    const { revision } = first;
    if (revision !== null) this.pages.set(key, { revision, images }, { size: images.length + 1 });
    return images;
  }

  private part({ offset, limit, ...question }: PageQuestion, skip: number, known?: string) {
    return this.services.call(trainingImageContracts.list, {
      ...question,
      offset: offset + skip,
      limit: limit - skip,
      ...(known === undefined ? {} : { known }),
    });
  }
}
