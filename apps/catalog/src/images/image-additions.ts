import { Injectable } from '@nestjs/common';
import { imageAdded, type ContentReference, type ContentState, type TagReference } from '@pentaprism/contracts';
import { Outbox } from '@pentaprism/database';
import type { CallContext } from '@pentaprism/observability';
import { Types, type ClientSession } from 'mongoose';
import { ImageCountRepository } from '../projects/image-count.repository.js';
import { ImageRepository } from './image.repository.js';
import { toTagDocuments, type ImageDocument } from './image.schema.js';

/** What decides the place of a new image in lists: from `CounterRepository.nextInTime`. */
export interface ImagePlace {
  readonly number: number;
  readonly second: number;
  readonly createdAt: Date;
}

export interface ImageDraft {
  readonly project: Types.ObjectId;
  readonly fileName: string;
  readonly createdBy: string;
  /** Bytes that were announced. */
  readonly size: number;
  readonly tags: readonly TagReference[];
}

/** The record of a new image, without its bytes. */
export function newImage(
  workspace: string,
  { project, fileName, createdBy, size, tags }: ImageDraft,
  { number, second, createdAt }: ImagePlace,
): ImageDocument {
  return {
    _id: new Types.ObjectId(),
    workspace,
    project,
    number,
    fileName,
    createdBy: createdBy || 'anonymous',
    createdAt,
    createdSecond: second,
    uploadedAt: null,
    size,
    sha256: null,
    state: 'awaiting-file',
    draw: Math.random(),
    tags: toTagDocuments(tags, createdAt),
    tagged: tags.length > 0,
  };
}

/** The record of a new image with its bytes. */
export function withContent(image: ImageDocument, content: ContentReference & { state: ContentState }): ImageDocument {
  const { sha256, size, mediaType, state } = content;
  return { ...image, sha256, size, mediaType, state, uploadedAt: image.createdAt };
}

export function factOf({ _id, project }: Pick<ImageDocument, '_id' | 'project'>, sha256: string) {
  return { imageId: _id.toHexString(), projectId: project.toHexString(), sha256 };
}

/** Writes the records of new images, with all that changes with them. */
@Injectable()
export class ImageAdditions {
  constructor(
    private readonly images: ImageRepository,
    private readonly counts: ImageCountRepository,
    private readonly outbox: Outbox,
  ) {}

  /** Part of a transaction; `context` is that of the call which an image came with. Call the outbox's `flush` afterwards. */
  async add(
    workspace: string,
    added: readonly { readonly image: ImageDocument; readonly context: CallContext }[],
    session: ClientSession,
  ): Promise<void> {
    if (added.length === 0) return;
    const images = added.map(({ image }) => image);
    await this.images.addAll(images, session);
    const projects = new Map(images.map(({ project }) => [project.toHexString(), project]));
    for (const project of projects.values()) {
      const mine = images.filter((image) => image.project.equals(project));
      const changes = mine.map(({ number, sha256 }) => ({ number, total: 1, uploaded: sha256 ? 1 : 0 }));
      await this.counts.note(workspace, project, changes, session);
    }
    // No events are published for hidden images.
    const facts = added.flatMap(({ image, context }) =>
      image.sha256 && !image.hidden ? [{ data: factOf(image, image.sha256), context }] : [],
    );
    await this.outbox.addAll(session, imageAdded, facts);
  }
}
