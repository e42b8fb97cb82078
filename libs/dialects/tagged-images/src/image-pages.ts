import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { imageContracts, type Image, type TagGroups } from '@pentaprism/contracts';
import { MAX_PAGE_OFFSET } from '@pentaprism/domain';
import { collect, FileUrls, principalOf } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { toBound, toImageRecord, toPage, type ImageBrowsePage, type ImageListQuery, type ImageRecord } from './wire.js';

/** Image records and pages of them, as all routes of this API show them. */
@Injectable()
export class ImagePages {
  constructor(
    private readonly bus: Bus,
    private readonly urls: FileUrls,
  ) {}

  /** @param tagGroups conditions on tags: one tag of each group must be on the image */
  async page(request: FastifyRequest, query: ImageListQuery, tagGroups: TagGroups = []): Promise<ImageBrowsePage> {
    const { page, limit } = query;
    const filter = {
      createdFrom: toBound(query.start_timestamp),
      createdTo: toBound(query.end_timestamp),
      uploadedOnly: query.uploaded_only,
      tagGroups,
    };
    const read = async (offset: number, count: number) => {
      const { images, total } = await this.bus.call(imageContracts.list, { ...filter, offset, limit: count });
      return { items: images.map((image) => this.record(request, image)), total };
    };
    // A page beyond every limit is as empty as one past the end.
    const offset = Math.min(page * limit, MAX_PAGE_OFFSET);
    const { items, total } = await collect(read, { offset, limit }, limit);
    return toPage(items, { page, limit }, total);
  }

  record(request: FastifyRequest, image: Image): ImageRecord {
    const url = image.sha256 === null ? null : this.urls.sign(request, 'GET', principalOf(request).workspace, image.id);
    return toImageRecord(image, url);
  }
}
