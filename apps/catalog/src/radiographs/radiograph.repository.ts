import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import type { KnownSession, Radiograph } from '@pentaprism/contracts';
import { notFound } from '@pentaprism/database';
import type { Model, Types } from 'mongoose';
import { IMAGE_MODEL, INDEXES, textIs, unexpired, type ImageDocument } from '../images/image.schema.js';

export type RadiographImage = ImageDocument & Required<Pick<ImageDocument, 'radiograph' | 'expiresAt'>>;

/** Images that came from a sensor. Every value of a filter comes from a checked request. */
@Injectable()
export class RadiographRepository {
  constructor(@InjectModel(IMAGE_MODEL) private readonly images: Model<ImageDocument>) {}

  /** @throws DomainError NOT_FOUND, also for one that has expired */
  async get(workspace: string, key: string): Promise<RadiographImage> {
    const found = await this.images.collection.findOne<RadiographImage>(
      { workspace, 'radiograph.key': textIs(key), ...unexpired() },
      { hint: INDEXES.key },
    );
    if (!found) throw notFound('image');
    return found;
  }

  /** Sessions that radiographs belong to, of all workspaces, in order. */
  listSessions({ limit, after }: { limit: number; after: KnownSession | null }): Promise<KnownSession[]> {
    const session = '$radiograph.session.sessionId';
    return this.images.collection
      .aggregate<KnownSession>([
        { $match: { 'radiograph.session.sessionId': { $type: 'string' } } },
        { $group: { _id: { workspace: '$workspace', sessionId: session } } },
        ...(after ? [{ $match: { _id: { $gt: { workspace: after.workspace, sessionId: after.sessionId } } } }] : []),
        { $sort: { _id: 1 } },
        { $limit: limit },
        { $replaceRoot: { newRoot: '$_id' } },
      ])
      .toArray();
  }

  async idsOfSession(workspace: string, sessionId: string, limit: number): Promise<Types.ObjectId[]> {
    const found = await this.images.collection
      .find(
        { workspace, 'radiograph.session.sessionId': textIs(sessionId) },
        { hint: INDEXES.session, projection: { _id: 1 }, limit },
      )
      .toArray();
    return found.map(({ _id }) => _id);
  }
}

export function toRadiograph({ _id, createdAt, expiresAt, radiograph }: RadiographImage): Radiograph {
  return {
    ...radiograph,
    imageId: _id.toHexString(),
    createdAt: createdAt.getTime(),
    expiresAt: expiresAt.getTime(),
  };
}
