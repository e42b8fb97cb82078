import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { imageContracts, type Image, type TagGroups } from '@pentaprism/contracts';
import { MAX_PAGE_OFFSET, systemNow } from '@pentaprism/domain';
import { collect, FileUrls, originOf, principalOf, SerializedJson } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { createHash } from 'node:crypto';
import { toBound, toImageRecord, toPage, type ImageListQuery, type ImageRecord } from './wire.js';

/** Bytes of pages that are kept, about 200 pages of 50 records. */
export const KEPT_PAGES_BYTES = 16 * 1024 * 1024;
/** What a page takes in memory, in bytes for each character of its JSON: text, records, and the strings in them. */
const BYTES_PER_CHARACTER = 4;
/** Questions longer than this many characters are kept under their hash: a wildcard can stand for thousands of tags. */
const LONG_QUESTION = 500;

interface KeptPage {
  readonly revision: string;
  readonly images: readonly Image[];
  readonly total: number;
  /** The answer with the URLs of one second below one origin: within it, fresh URLs are the same URLs. */
  answer: { readonly origin: string; readonly second: number; readonly json: SerializedJson };
}

/**
 * Image records and pages of them, as all routes of this API show them.
 *
 * Pages are kept with the revision that they were read at, and the catalog is asked on every request whether that one
 * is current: what it then need not send, nobody parses, signs and writes again.
 */
@Injectable()
export class ImagePages {
  private readonly pages = new LRUCache<string, KeptPage>({ maxSize: KEPT_PAGES_BYTES });

  constructor(
    private readonly bus: Bus,
    private readonly urls: FileUrls,
  ) {}

  /** @param tagGroups conditions on tags: one tag of each group must be on the image */
  async page(request: FastifyRequest, query: ImageListQuery, tagGroups: TagGroups = []): Promise<SerializedJson> {
    const filter = {
      createdFrom: toBound(query.start_timestamp),
      createdTo: toBound(query.end_timestamp),
      uploadedOnly: query.uploaded_only,
      tagGroups,
    };
    const question = questionOf([principalOf(request).workspace, query.page, query.limit, filter]);
    const kept = this.pages.get(question);
    let known = kept && { known: kept.revision };
    let revision: string | undefined;
    const read = async (offset: number, limit: number) => {
      const answer = await this.bus.call(imageContracts.list, { ...filter, offset, limit, ...known });
      known = undefined;
      // Of several parts the first one's: a change in between makes the page look older than it is.
      revision ??= answer.revision;
      return { items: answer.images, total: answer.total };
    };
    // A page beyond every limit is as empty as one past the end.
    const offset = Math.min(query.page * query.limit, MAX_PAGE_OFFSET);
    const { items: images, total } = await collect(read, { offset, limit: query.limit }, query.limit);
    if (kept && revision === kept.revision) return this.answer(request, query, kept);
    const answer = await this.write(request, query, { images, total });
    const size = (question.length + answer.json.text.length) * BYTES_PER_CHARACTER;
    this.pages.set(question, { revision: revision ?? '', images, total, answer }, { size });
    return answer.json;
  }

  async record(request: FastifyRequest, image: Image): Promise<ImageRecord> {
    const { workspace } = principalOf(request);
    const url = image.sha256 === null ? null : await this.urls.sign(request, 'GET', workspace, image);
    return toImageRecord(image, url);
  }

  private async answer(request: FastifyRequest, query: ImageListQuery, page: KeptPage): Promise<SerializedJson> {
    const { origin, second } = page.answer;
    if (origin !== originOf(request) || second !== currentSecond())
      page.answer = await this.write(request, query, page);
    return page.answer.json;
  }

  private async write(
    request: FastifyRequest,
    query: ImageListQuery,
    { images, total }: Pick<KeptPage, 'images' | 'total'>,
  ): Promise<KeptPage['answer']> {
    // Before the URLs are signed: the second may end meanwhile.
    const second = currentSecond();
    const records = await Promise.all(images.map((image) => this.record(request, image)));
    const json = new SerializedJson(JSON.stringify(toPage(records, query, total)));
    return { origin: originOf(request), second, json };
  }
}

function currentSecond(): number {
  return Math.floor(systemNow() / 1000);
}

function questionOf(parts: unknown): string {
  const text = JSON.stringify(parts);
  return text.length > LONG_QUESTION ? createHash('sha256').update(text).digest('base64') : text;
}
