import { Inject, Injectable } from '@nestjs/common';
import type { BlobKey, BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import {
  computeActivationMaps,
  imageInsightContracts,
  INSIGHTS_AREA,
  MAX_OVERLAYS_PER_CALL,
  type ActivationMapLine,
  type InsightColumn,
  type JobPayload,
  type JobResult,
  type Overlay,
} from '@pentaprism/contracts';
import { DomainError, MAX_OVERLAY_BYTES } from '@pentaprism/domain';
import type { ActivationMap } from '@pentaprism/inference';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { decodeModel, weightsOf, type TableModel } from '@pentaprism/modeling';
import { BLOB_STORE } from '@pentaprism/service';
import { Embedder } from '../inference/embedder.js';
import { partsOf } from '../targets/parts.js';
import { ActivationMaps, type MappedPicture } from './activation-maps.js';
import { sampleOf, type ColumnImage } from './column-images.js';
import { explained } from './explained.js';
import { ExplainedCandidates, type ExplainedCandidate } from './explained-candidates.js';
import { InsightFiles } from './insight-files.js';

type Payload = JobPayload<typeof computeActivationMaps>;

/** Share of the progress when the rows have been read. */
const READ = 0.1;

interface ColumnRequest {
  readonly payload: Payload;
  readonly jobId: string;
  readonly candidate: ExplainedCandidate;
  readonly model: TableModel;
  readonly column: { readonly index: number; readonly name: string };
  readonly images: readonly ColumnImage[];
  readonly signal: AbortSignal;
  /** Called with a share from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

interface Mapped {
  readonly image: ColumnImage;
  readonly map: ActivationMap;
  readonly overlay: Overlay;
}

/** Computes which places of the images of each image column of a candidate its predictions rest on. */
@Injectable()
export class ComputeActivationMapsHandler implements JobHandler<typeof computeActivationMaps> {
  readonly type = computeActivationMaps;

  constructor(
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    private readonly candidates: ExplainedCandidates,
    private readonly embedder: Embedder,
    private readonly maps: ActivationMaps,
    private readonly files: InsightFiles,
  ) {}

  async run(payload: Payload, control: JobControl): Promise<JobResult<typeof computeActivationMaps>> {
    const { signal, jobId } = control;
    const candidate = await this.candidates.read(payload, signal);
    await this.checkBackbone(candidate);
    const model = decodeModel(await this.candidates.readFile(payload.workspace, candidate.files.model));
    const { imageColumns } = candidate.rows;
    const columns: InsightColumn[] = [];
    for (const [place, column] of imageColumns.entries()) {
      const onProgress = (share: number) =>
        control.progress(READ + ((1 - READ) * (place + share)) / imageColumns.length);
      const all = await this.candidates.imagesOf(payload.projectId, candidate, place, signal);
      const images = sampleOf(all, candidate.header);
      columns.push(await this.ofColumn({ payload, jobId, candidate, model, column, images, signal, onProgress }));
    }
    return { columns };
  }

  private async checkBackbone({ files }: ExplainedCandidate): Promise<void> {
    if (files.backbone === (await this.embedder.backboneId())) return;
    throw new DomainError('FAILED_PRECONDITION', 'The model was trained with another backbone. Train it again.');
  }

  private async ofColumn(request: ColumnRequest): Promise<InsightColumn> {
    const { payload, candidate, column, signal } = request;
    const mapped = await this.mapped(request);
    const ids: string[] = [];
    for (const part of partsOf(mapped, MAX_OVERLAYS_PER_CALL)) ids.push(...(await this.record(request, part)));
    const lines = mapped.map((each, i) => lineOf(candidate, each, ids[i] ?? ''));
    const file = await this.files.write(payload.workspace, candidate.header, lines, signal);
    const first = mapped[0]?.map;
    const map = first ? { width: first.columns, height: first.rows } : null;
    return { column: column.name, file, images: lines.length, map };
  }

  /** Computes the maps and stores the overlays. Images that cannot be decoded are left out. */
  private async mapped({ payload, candidate, model, column, images, signal, onProgress }: ColumnRequest) {
    const { workspace } = payload;
    const weights = weightsOf(model, column.name);
    const pictures = images.map((image) => ({
      key: { area: 'originals', workspace, sha256: image.sha256 } satisfies BlobKey,
      image,
    }));
    const mapped: Mapped[] = [];
    let done = 0;
    await this.maps.compute(pictures, {
      explain: (_embedding, { image }) =>
        explained(weights, candidate.header.type, candidate.predictions.mostProbable(image.row)),
      done: async ({ image }, found) => {
        if (found) mapped.push({ image, map: found.map, overlay: await this.store(workspace, found, signal) });
        onProgress(++done / pictures.length);
      },
      signal,
    });
    return mapped;
  }

  private async store(workspace: string, { overlay }: MappedPicture, signal: AbortSignal): Promise<Overlay> {
    const { bytes, mediaType, width, height } = overlay;
    const { sha256, size } = await this.blobs.put(INSIGHTS_AREA, workspace, bytes, {
      maxBytes: MAX_OVERLAY_BYTES,
      signal,
    });
    return { content: { sha256, size, mediaType }, width, height };
  }

  private async record({ jobId, column }: ColumnRequest, mapped: readonly Mapped[]): Promise<string[]> {
    const overlays = mapped.map(({ image, overlay }) => ({ imageId: image.imageId, ...overlay }));
    const request = { jobId, column: column.index, overlays };
    return (await this.bus.call(imageInsightContracts.recordOverlays, request)).imageIds;
  }
}

function lineOf(
  { predictions }: ExplainedCandidate,
  { image, map }: Mapped,
  overlayImageId: string,
): ActivationMapLine {
  const { imageId, width, height, actual, row } = image;
  const values = Array.from({ length: map.rows }, (_, y) => [
    ...map.values.subarray(y * map.columns, (y + 1) * map.columns),
  ]);
  return { imageId, overlayImageId, width, height, values, actual, predicted: predictions.predicted(row) };
}
