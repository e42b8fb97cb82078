import { Injectable } from '@nestjs/common';
import type { BlobKey } from '@pentaprism/blob-store';
import {
  computeActivationMaps,
  type ActivationMapLine,
  type InsightColumn,
  type JobPayload,
  type JobResult,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { decodeModel, weightsOf, type TableModel } from '@pentaprism/modeling';
import { Turn } from '../datasets/turn.js';
import { Embedder } from '../inference/embedder.js';
import { ActivationMaps } from './activation-maps.js';
import { sampleOf, type ColumnImage } from './column-images.js';
import { explained } from './explained.js';
import { ExplainedCandidates, type ExplainedCandidate } from './explained-candidates.js';
import { InsightFiles } from './insight-files.js';
import { RecordedOverlays, type RecordedOverlay } from './recorded-overlays.js';

type Payload = JobPayload<typeof computeActivationMaps>;

/** Share of the progress when the rows have been read. */
const READ = 0.1;
/** Overlays that are recorded together: about a second of work, which another start does again. */
const RECORDED_TOGETHER = 20;

interface ColumnRequest {
  readonly payload: Payload;
  readonly candidate: ExplainedCandidate;
  readonly model: TableModel;
  readonly column: { readonly index: number; readonly name: string };
  readonly images: readonly ColumnImage[];
  readonly turn: Turn;
  readonly control: JobControl;
  /** Called with a share from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/** Computes which places of the images of each image column of a candidate its predictions rest on. */
@Injectable()
export class ComputeActivationMapsHandler implements JobHandler<typeof computeActivationMaps> {
  readonly type = computeActivationMaps;

  constructor(
    private readonly candidates: ExplainedCandidates,
    private readonly embedder: Embedder,
    private readonly maps: ActivationMaps,
    private readonly overlays: RecordedOverlays,
    private readonly files: InsightFiles,
  ) {}

  async run(payload: Payload, control: JobControl): Promise<JobResult<typeof computeActivationMaps>> {
    const { signal } = control;
    const candidate = await this.candidates.read(payload, signal);
    await this.checkBackbone(candidate);
    const model = decodeModel(await this.candidates.readFile(payload.workspace, candidate.files.model));
    const { imageColumns } = candidate.rows;
    const columns: InsightColumn[] = [];
    const turn = new Turn();
    for (const [place, column] of imageColumns.entries()) {
      const onProgress = (share: number) =>
        control.progress(READ + ((1 - READ) * (place + share)) / imageColumns.length);
      const all = await this.candidates.imagesOf(payload.projectId, candidate, place, signal);
      const images = sampleOf(all, candidate.header);
      columns.push(await this.ofColumn({ payload, candidate, model, column, images, turn, control, onProgress }));
    }
    return { columns };
  }

  private async checkBackbone({ files }: ExplainedCandidate): Promise<void> {
    if (files.backbone === (await this.embedder.backboneId())) return;
    throw new DomainError('FAILED_PRECONDITION', 'The model was trained with another backbone. Train it again.');
  }

  private async ofColumn(request: ColumnRequest): Promise<InsightColumn> {
    const { payload, candidate, column, images, control } = request;
    const mapped = await this.mapped(request);
    const lines = images.flatMap((image) => {
      const found = mapped.get(image.imageId);
      return found ? lineOf(candidate, image, found) : [];
    });
    const file = await this.files.write(payload.workspace, candidate.header, lines, control.signal);
    const [first] = lines;
    const map = first ? { width: first.values[0]?.length ?? 0, height: first.values.length } : null;
    return { column: column.name, file, images: lines.length, map, positions: null };
  }

  /**
   * Computes the maps that no earlier start has recorded, and records each batch of overlays. Returns all, by the ids of their
   * images. Images that cannot be decoded are left out.
   */
  private async mapped(request: ColumnRequest): Promise<Map<string, RecordedOverlay>> {
    const { payload, candidate, model, column, images, turn, control, onProgress } = request;
    const { workspace } = payload;
    const { jobId, signal } = control;
    const weights = weightsOf(model, column.name);
    const key = { jobId, column: column.index };
    const mapped = await this.overlays.find(key, signal);
    const pictures = images
      .filter(({ imageId }) => !mapped.has(imageId))
      .map((image) => ({ key: { area: 'originals', workspace, sha256: image.sha256 } satisfies BlobKey, image }));
    let stored: Parameters<RecordedOverlays['record']>[1][number][] = [];
    const record = async () => {
      for (const [imageId, each] of await this.overlays.record(key, stored)) mapped.set(imageId, each);
      stored = [];
    };
    let done = images.length - pictures.length;
    await this.maps.compute(pictures, {
      explain: (_embedding, { image }) =>
        explained(weights, candidate.header.type, candidate.predictions.mostProbable(image.row)),
      done: async ({ image: { imageId } }, found) => {
        if (found) stored.push({ imageId, ...(await this.overlays.store(workspace, found, signal)) });
        onProgress(++done / images.length);
        if (stored.length < RECORDED_TOGETHER) return;
        await record();
        await turn.letOthersGoFirst(control);
      },
      signal,
    });
    await record();
    return mapped;
  }
}

function lineOf(
  { predictions }: ExplainedCandidate,
  { imageId, width, height, actual, row }: ColumnImage,
  { overlayImageId, map }: RecordedOverlay,
): ActivationMapLine {
  const values = Array.from({ length: map.rows }, (_, y) => [
    ...map.values.subarray(y * map.columns, (y + 1) * map.columns),
  ]);
  return { imageId, overlayImageId, width, height, values, actual, predicted: predictions.predicted(row) };
}
