import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { ContentReference } from '@pentaprism/contracts';
import { notFound, toObjectId } from '@pentaprism/database';
import { systemDate } from '@pentaprism/domain';
import { trusted, Types, type ClientSession, type Model, type QueryFilter } from 'mongoose';
import { IMAGE_MODEL, INDEXES, textIn, unexpired, type ImageDocument, type MetadataPair } from './image.schema.js';

/** An image by its canonical id or by its number. */
export type ImageKey = { readonly id: string } | { readonly number: number };

/** Which bytes an image points to. */
export type ImageFile = Pick<ImageDocument, '_id' | 'project' | 'fileName' | 'expiresAt'> & { readonly sha256: string };

/** What is to be done with a removed image's counts and bytes. */
export type RemovedImage = Pick<ImageDocument, '_id' | 'project' | 'number' | 'sha256' | 'expiresAt'> & {
  readonly radiograph?: { readonly source: { readonly sha256: string } };
};

const REMOVED_FIELDS = { project: 1, number: 1, sha256: 1, expiresAt: 1, 'radiograph.source.sha256': 1 } as const;

@Injectable()
export class ImageRepository {
  constructor(@InjectModel(IMAGE_MODEL) private readonly images: Model<ImageDocument>) {}

  async addAll(images: readonly ImageDocument[], session: ClientSession): Promise<void> {
    await this.images.collection.insertMany([...images], { session });
  }

  /** @throws DomainError NOT_FOUND, also for an image that has expired, and for one of a hidden project */
  async get(workspace: string, key: ImageKey, session?: ClientSession): Promise<ImageDocument> {
    const image = await this.find(workspace, key, session);
    if (!image || image.hidden || (image.expiresAt && image.expiresAt <= systemDate())) throw notFound('image');
    return image;
  }

  /** An image, also one that has expired and is not removed yet, or is hidden. */
  find(workspace: string, key: ImageKey, session?: ClientSession): Promise<ImageDocument | null> {
    return this.images
      .findOne({ workspace, ...keyFilter(key) })
      .session(session ?? null)
      .lean();
  }

  findFiles(workspace: string, ids: readonly string[]): Promise<ImageFile[]> {
    const _id = { $in: ids.map((id) => toObjectId(id, 'image')) };
    return this.images.collection
      .find<ImageFile>(
        { _id, workspace, sha256: { $type: 'string' }, ...unexpired() },
        { projection: { project: 1, sha256: 1, fileName: 1, expiresAt: 1 } },
      )
      .toArray();
  }

  setContent(
    workspace: string,
    id: Types.ObjectId,
    content: ContentReference & { state: ImageDocument['state'] },
    session: ClientSession,
  ): Promise<ImageDocument | null> {
    const { sha256, size, mediaType, state } = content;
    return this.images
      .findOneAndUpdate(
        { _id: id, workspace },
        { $set: { sha256, size, mediaType, state, uploadedAt: systemDate() }, $unset: { uniqueSha256: 1 } },
        { session, returnDocument: 'after' },
      )
      .lean();
  }

  /** Stores on every image of these bytes what was found out about them. */
  async setStates(
    workspace: string,
    hashes: readonly string[],
    state: ImageDocument['state'],
    session: ClientSession,
  ): Promise<void> {
    if (hashes.length === 0) return;
    const hint = INDEXES.content;
    const filter = { workspace, sha256: textIn(hashes) };
    await this.images.collection.updateMany(filter, { $set: { state } }, { session, hint });
  }

  /**
   * Marks a radiograph of which no picture can be made.
   *
   * @param reason a sentence for users
   */
  async setUndecodable(
    workspace: string,
    id: Types.ObjectId,
    reason: string,
    session: ClientSession,
  ): Promise<ImageDocument | null> {
    return this.images
      .findOneAndUpdate(
        { _id: id, workspace },
        { $set: { state: 'undecodable', undecodable: reason } },
        { session, returnDocument: 'after' },
      )
      .lean();
  }

  /** Returns the projects in which images of these bytes are. */
  async projectsOf(workspace: string, hashes: readonly string[], session: ClientSession): Promise<Types.ObjectId[]> {
    if (hashes.length === 0) return [];
    const found = await this.images.collection
      .aggregate<{ _id: Types.ObjectId }>(
        [{ $match: { workspace, sha256: textIn(hashes) } }, { $group: { _id: '$project' } }],
        { session, hint: INDEXES.content },
      )
      .toArray();
    return found.map(({ _id }) => _id);
  }

  /** The bytes that these images have, or were made of, each once. */
  async hashesOf(workspace: string, ids: readonly Types.ObjectId[]): Promise<string[]> {
    const images = await this.images.collection
      .find<RemovedImage>({ _id: { $in: [...ids] }, workspace }, { projection: REMOVED_FIELDS })
      .toArray();
    return [
      ...new Set(images.flatMap(({ sha256, radiograph }) => [sha256 ?? [], radiograph?.source.sha256 ?? []].flat())),
    ];
  }

  /** Removes those of the images that there are. @returns them */
  async removeAll(workspace: string, ids: readonly Types.ObjectId[], session: ClientSession): Promise<RemovedImage[]> {
    const these = { workspace, _id: { $in: [...ids] } };
    const images = await this.images.collection
      .find<RemovedImage>(these, {
        session,
        projection: REMOVED_FIELDS,
      })
      .toArray();
    if (images.length > 0) await this.images.collection.deleteMany(these, { session });
    return images;
  }

  /** The first image of a project that has each of these bytes, by their sha256. */
  async ofContents(
    workspace: string,
    project: Types.ObjectId,
    hashes: readonly string[],
    session: ClientSession,
  ): Promise<Map<string, ImageDocument>> {
    const found = await this.images.collection
      .find<ImageDocument>(
        { workspace, sha256: { $in: [...hashes], $type: 'string' }, project, ...unexpired() },
        { session, hint: INDEXES.content, sort: { number: -1 } },
      )
      .toArray();
    return new Map(found.map((image) => [image.sha256 as string, image]));
  }

  /** Some images of a project, in no order. */
  async someOf(workspace: string, project: Types.ObjectId, limit: number): Promise<Types.ObjectId[]> {
    const found = await this.images.collection
      .find({ workspace, project }, { projection: { _id: 1 }, limit })
      .toArray();
    return found.map(({ _id }) => _id);
  }

  /** Which of the images are in this project, whether they have expired or not. */
  async among(workspace: string, project: Types.ObjectId, ids: readonly Types.ObjectId[]): Promise<Types.ObjectId[]> {
    const found = await this.images.collection
      .find({ _id: { $in: [...ids] }, workspace, project }, { projection: { _id: 1 } })
      .toArray();
    return found.map(({ _id }) => _id);
  }

  /** The metadata of those of the images that the project has, by their ids. */
  async metadataOf(
    workspace: string,
    project: Types.ObjectId,
    ids: readonly Types.ObjectId[],
    session: ClientSession,
  ): Promise<Map<string, MetadataPair[]>> {
    const found = await this.images.collection
      .find({ _id: { $in: [...ids] }, workspace, project }, { projection: { metadata: 1 }, session })
      .toArray();
    return new Map(found.map(({ _id, metadata = [] }) => [_id.toHexString(), metadata]));
  }

  /** @param changes by the ids of images */
  async setMetadata(
    workspace: string,
    changes: ReadonlyMap<string, readonly MetadataPair[]>,
    session: ClientSession,
  ): Promise<void> {
    const updates = [...changes].map(([id, metadata]) => ({
      updateOne: {
        filter: { _id: new Types.ObjectId(id), workspace },
        update: { $set: { metadata: [...metadata] } },
      },
    }));
    await this.images.collection.bulkWrite(updates, { session });
  }

  /** Images of all workspaces whose time is over, oldest first. */
  findExpired(now: Date, limit: number): Promise<Pick<ImageDocument, '_id' | 'workspace'>[]> {
    return this.images.collection
      .find<Pick<ImageDocument, '_id' | 'workspace'>>(
        { expiresAt: { $lte: now, $type: 'date' } },
        { projection: { workspace: 1 }, sort: { expiresAt: 1 }, limit },
      )
      .toArray();
  }

  /** Returns those of the contents that an image has, or was made of. */
  async referenced(workspace: string, hashes: readonly string[], session: ClientSession): Promise<string[]> {
    const among = async (field: string, hint: object) => {
      const found = await this.images.collection
        .aggregate<{ _id: string }>(
          [{ $match: { workspace, [field]: textIn(hashes) } }, { $group: { _id: `$${field}` } }],
          { session, hint },
        )
        .toArray();
      return found.map(({ _id }) => _id);
    };
    return [...(await among('sha256', INDEXES.content)), ...(await among('radiograph.source.sha256', INDEXES.source))];
  }

  countState(workspace: string, project: Types.ObjectId, state: ImageDocument['state']): Promise<number> {
    return this.images.countDocuments({ workspace, project, state });
  }

  /** `count` decoded images, beginning at `start` in the order of `draw` and going round. */
  async draw(workspace: string, project: Types.ObjectId, start: number, count: number): Promise<ImageDocument[]> {
    const decoded = { workspace, project, state: 'decoded', expiresAt: trusted(unexpired().expiresAt) } as const;
    const after = await this.images
      .find({ ...decoded, draw: trusted({ $gte: start }) })
      .sort({ draw: 1 })
      .limit(count)
      .lean();
    if (after.length === count) return after;
    const round = await this.images
      .find({ ...decoded, draw: trusted({ $lt: start }) })
      .sort({ draw: 1 })
      .limit(count - after.length)
      .lean();
    return [...after, ...round];
  }
}

function keyFilter(key: ImageKey): QueryFilter<ImageDocument> {
  return 'id' in key ? { _id: toObjectId(key.id, 'image') } : { number: key.number };
}
