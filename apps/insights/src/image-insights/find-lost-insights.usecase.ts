import { Inject, Injectable } from '@nestjs/common';
import type { BlobKey, BlobStore } from '@pentaprism/blob-store';
import { INSIGHTS_AREA } from '@pentaprism/contracts';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, RecordScrub, type BlobRecord } from '@pentaprism/service';
import { Types } from 'mongoose';
import { INSIGHTS_CONFIG, type InsightsConfig } from '../config/config.js';
import { filesOf, ImageInsightRepository } from './image-insight.repository.js';
import { OverlayRepository } from './overlay.repository.js';

/** Precedes the ids of overlays, which are checked after all insights. */
const OVERLAY = 'overlay/';

/** Checks whether the files of all insights and overlays are there. Only another computation makes them again. */
@Injectable()
export class FindLostInsights extends RecordScrub {
  constructor(
    insights: ImageInsightRepository,
    overlays: OverlayRepository,
    @Inject(BLOB_STORE) blobs: BlobStore,
    @Inject(INSIGHTS_CONFIG) { BLOB_SCRUB_RATE, BLOB_SCRUB_PAUSE }: InsightsConfig,
    @Inject(LOGGER) logger: Logger,
  ) {
    super({
      ...{ area: INSIGHTS_AREA, blobs, logger, BLOB_SCRUB_RATE, BLOB_SCRUB_PAUSE },
      recordsAfter: async (id, limit) => {
        const found = id?.startsWith(OVERLAY)
          ? []
          : await insights.after(id === null ? null : new Types.ObjectId(id), limit);
        const behind = id?.startsWith(OVERLAY) ? new Types.ObjectId(id.slice(OVERLAY.length)) : null;
        const rest = limit - found.length;
        return [
          ...found.map((insight) => recordOf(insight._id.toHexString(), insight.workspace, filesOf(insight))),
          ...(rest > 0 ? await overlays.after(behind, rest) : []).map(({ _id, workspace, content }) =>
            recordOf(`${OVERLAY}${_id.toHexString()}`, workspace, [content.sha256]),
          ),
        ];
      },
      isReferred: async ({ id }, { workspace, sha256 }) =>
        (await (id.startsWith(OVERLAY) ? overlays : insights).known(workspace, [sha256])).length > 0,
    });
  }
}

function recordOf(id: string, workspace: string, files: readonly string[]): BlobRecord {
  return { id, keys: files.map((sha256): BlobKey => ({ area: INSIGHTS_AREA, workspace, sha256 })) };
}
