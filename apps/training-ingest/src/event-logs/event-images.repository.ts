import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { Transactions } from '@pentaprism/database';
import { Types, type Model } from 'mongoose';
import { IMAGE_EVENT_MODEL, type EventImage, type ImageEventDocument } from './event-log.schema.js';
import { EventLogRepository } from './event-log.repository.js';

/** An event whose images were copied into another blob. */
export interface MovedEvent {
  readonly id: Types.ObjectId;
  readonly from: string;
  readonly images: readonly EventImage[];
}

/** Reads and changes in which blobs images are. */
@Injectable()
export class EventImagesRepository {
  constructor(
    @InjectModel(IMAGE_EVENT_MODEL) private readonly events: Model<ImageEventDocument>,
    private readonly repository: EventLogRepository,
    private readonly transactions: Transactions,
  ) {}

  /** Returns for each of these blobs of a workspace that an event refers to how many of its bytes are of images. */
  async liveBytes(workspace: string, hashes: readonly string[]): Promise<Map<string, number>> {
    const bytes = { $sum: { $sum: '$images.length' } };
    const found = await this.events.collection
      .aggregate<{ _id: string; bytes: number }>([
        { $match: { workspace, 'blob.sha256': { $in: [...hashes] } } },
        { $group: { _id: '$blob.sha256', bytes } },
      ])
      .toArray();
    return new Map(found.map(({ _id, bytes }) => [_id, bytes]));
  }

  /** Returns events that have their images in one of these blobs, in the order of their ids, behind one of them. */
  findIn(
    workspace: string,
    hashes: readonly string[],
    after: Types.ObjectId | null,
    limit: number,
  ): Promise<ImageEventDocument[]> {
    const behind = after === null ? {} : { _id: { $gt: after } };
    const filter = { workspace, 'blob.sha256': { $in: [...hashes] }, ...behind };
    return this.events.collection.find<ImageEventDocument>(filter, { sort: { _id: 1 }, limit }).toArray();
  }

  /** Returns events of all workspaces in the order of their ids, behind one of them. */
  findAfter(id: string | null, limit: number): Promise<ImageEventDocument[]> {
    const behind = id === null ? {} : { _id: { $gt: new Types.ObjectId(id) } };
    return this.events.collection
      .find<ImageEventDocument>(behind, { projection: { workspace: 1, blob: 1 }, sort: { _id: 1 }, limit })
      .toArray();
  }

  async refersTo(id: string, sha256: string): Promise<boolean> {
    const filter = { _id: new Types.ObjectId(id), 'blob.sha256': sha256 };
    return (await this.events.collection.findOne(filter, { projection: { _id: 1 } })) !== null;
  }

  /** Records where images are now. Events that were removed or moved by others meanwhile stay as they are. */
  async move(
    workspace: string,
    events: readonly MovedEvent[],
    blob: NonNullable<ImageEventDocument['blob']>,
  ): Promise<void> {
    const changes = events.map(({ id, from, images }) => ({
      updateOne: { filter: { _id: id, 'blob.sha256': from }, update: { $set: { blob, images } } },
    }));
    await this.transactions.runInTurn([`event-log/${workspace}`], async (session) => {
      await this.events.collection.bulkWrite(changes, { session });
      await this.repository.changed(workspace, session);
    });
  }
}
