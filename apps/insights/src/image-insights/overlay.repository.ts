import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { removeSome } from '@pentaprism/database';
import { trusted, Types, type ClientSession, type Model } from 'mongoose';
import { OVERLAY_MODEL, type OverlayDocument } from './image-insight.schema.js';

type NewOverlay = Pick<OverlayDocument, 'image' | 'content' | 'width' | 'height' | 'map'>;
/** What a job reads of overlays that it has recorded. */
type RecordedOverlay = Pick<OverlayDocument, '_id' | 'image' | 'map'>;

@Injectable()
export class OverlayRepository {
  constructor(@InjectModel(OVERLAY_MODEL) private readonly overlays: Model<OverlayDocument>) {}

  /** Adds overlays, or replaces those of the same images. Returns their ids, in the order of the overlays. */
  async put(
    of: Pick<OverlayDocument, 'workspace' | 'project' | 'insight' | 'column'>,
    overlays: readonly NewOverlay[],
    session: ClientSession,
  ): Promise<string[]> {
    const { insight, column, ...owner } = of;
    await this.overlays.collection.bulkWrite(
      overlays.map(({ image, ...overlay }) => ({
        updateOne: {
          filter: { insight, column, image },
          update: { $set: overlay, $setOnInsert: owner },
          upsert: true,
        },
      })),
      { session },
    );
    const images = overlays.map(({ image }) => image);
    const found = await this.overlays.collection
      .find<Pick<OverlayDocument, '_id' | 'image'>>(
        { insight, column, image: { $in: images } },
        { projection: { image: 1 }, session },
      )
      .toArray();
    const ids = new Map(found.map(({ _id, image }) => [image.toHexString(), _id.toHexString()]));
    return images.map((image) => ids.get(image.toHexString()) ?? '');
  }

  /** Returns overlays of an insight in the order of their images, behind one of them. Those of earlier versions have no map. */
  recorded(
    { insight, column }: Pick<OverlayDocument, 'insight' | 'column'>,
    after: Types.ObjectId | null,
    limit: number,
  ): Promise<RecordedOverlay[]> {
    return this.overlays
      .find(
        { insight, column, map: trusted({ $exists: true }), ...(after && { image: trusted({ $gt: after }) }) },
        { image: 1, map: 1 },
      )
      .sort({ image: 1 })
      .limit(limit)
      .lean();
  }

  find(workspace: string, project: Types.ObjectId, _id: Types.ObjectId): Promise<OverlayDocument | null> {
    return this.overlays.findOne({ _id, workspace, project }).lean();
  }

  /** Removes some overlays of an insight. Returns whether none is left. */
  removeSome(insight: Types.ObjectId): Promise<boolean> {
    return removeSome(this.overlays.collection, { insight });
  }

  /** Returns insights of which overlays are left, behind one of them, in the order of their ids. */
  async insightAfter(id: Types.ObjectId | null): Promise<Pick<OverlayDocument, 'insight' | 'workspace'> | null> {
    const behind = id === null ? {} : { insight: trusted({ $gt: id }) };
    return this.overlays.findOne(behind, { insight: 1, workspace: 1 }).sort({ insight: 1 }).lean();
  }

  /** Returns overlays of all workspaces, in the order of their ids, behind one of them. */
  after(id: Types.ObjectId | null, limit: number): Promise<OverlayDocument[]> {
    const behind = id === null ? {} : { _id: trusted({ $gt: id }) };
    return this.overlays.find(behind).sort({ _id: 1 }).limit(limit).lean();
  }

  /** Returns which of these hashes overlays refer to. */
  async known(workspace: string, hashes: readonly string[]): Promise<string[]> {
    const found = await this.overlays
      .find({ workspace, 'content.sha256': trusted({ $in: [...hashes] }) }, { content: 1 })
      .lean();
    return found.map(({ content }) => content.sha256);
  }
}
