import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import {
  candidateContracts,
  MAX_CANDIDATE_IMAGES_PER_PAGE,
  type ContentReference,
  type InsightHeader,
  type ResponseOf,
} from '@pentaprism/contracts';
import { DomainError, MAX_MODEL_FILE_BYTES } from '@pentaprism/domain';
import { BLOB_STORE } from '@pentaprism/service';
import { ProjectRows, type RowsOfProject } from '../candidates/project-rows.js';
import { columnImages, type KnownImage } from './column-images.js';
import { RowPredictions } from './row-predictions.js';

type Plan = ResponseOf<typeof candidateContracts.plan>;

interface CandidateKey {
  readonly workspace: string;
  readonly projectId: string;
  readonly candidateId: string;
}

/** A trained candidate, with what insights say about it. */
export interface ExplainedCandidate {
  readonly files: NonNullable<Plan['files']>;
  readonly rows: RowsOfProject;
  readonly predictions: RowPredictions;
  readonly header: InsightHeader;
}

/** Reads what insights of trained candidates are computed from. */
@Injectable()
export class ExplainedCandidates {
  constructor(
    private readonly bus: Bus,
    private readonly projects: ProjectRows,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
  ) {}

  /** Throws NOT_FOUND; FAILED_PRECONDITION if the candidate is not trained. */
  async read(key: CandidateKey, signal: AbortSignal): Promise<ExplainedCandidate> {
    const { workspace, projectId, candidateId } = key;
    const plan = await this.bus.call(candidateContracts.plan, { projectId, candidateId });
    const { files } = plan;
    if (!files) throw new DomainError('FAILED_PRECONDITION', 'The model is not trained.');
    const rows = await this.projects.read({ workspace, projectId, plan, predictors: false }, signal);
    const predictions = new RowPredictions(rows.targets, await this.readFile(workspace, files.predictions));
    return { files, rows, predictions, header: headerOf(rows) };
  }

  /** Returns the bytes of a file of a model. */
  readFile(workspace: string, { sha256, size }: ContentReference): Promise<Buffer> {
    return this.blobs.read({ area: 'models', workspace, sha256 }, { size, maxBytes: MAX_MODEL_FILE_BYTES });
  }

  /**
   * Returns the distinct images of an image column that have a value of the target, in the order of their first rows.
   *
   * @param place of the column among the image columns
   */
  async imagesOf(projectId: string, { rows }: ExplainedCandidate, place: number, signal: AbortSignal) {
    const known = new Map<string, KnownImage>();
    const column = rows.imageColumns[place]?.index ?? 0;
    for (let offset = 0; ;) {
      signal.throwIfAborted();
      const page = { projectId, column, offset, limit: MAX_CANDIDATE_IMAGES_PER_PAGE };
      const { images } = await this.bus.call(candidateContracts.images, page);
      for (const image of images) known.set(image.sha256, image);
      offset += images.length;
      if (images.length === 0) break;
    }
    return columnImages(rows.targets, rows.contents[place] ?? [], known);
  }
}

function headerOf({ targets, values }: RowsOfProject): InsightHeader {
  const ranges = targets.type === 'regression' ? values.bins() : [];
  return {
    type: targets.type,
    targetValues: [...targets.classes],
    targetBins: ranges.flatMap((bin) => (bin.kind === 'range' ? [{ start: bin.start, end: bin.end }] : [])),
  };
}
