import { Inject, Injectable } from '@nestjs/common';
import {
  computeEmbeddings,
  type EmbeddingLine,
  type InsightColumn,
  type JobPayload,
  type JobResult,
} from '@pentaprism/contracts';
import { MAX_PROJECTED_IMAGES } from '@pentaprism/domain';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { project2d } from '@pentaprism/projection';
import { Turn } from '../datasets/turn.js';
import { Embedder } from '../inference/embedder.js';
import { Embeddings } from '../inference/embeddings.js';
import { CONCURRENCY } from '../tokens.js';
import { sampleInOrder, type ColumnImage } from './column-images.js';
import { ExplainedCandidates, type ExplainedCandidate } from './explained-candidates.js';
import { InsightFiles } from './insight-files.js';
import { keyOfPositions, KnownPositions } from './known-positions.js';
import { shortened } from './row-predictions.js';

type Payload = JobPayload<typeof computeEmbeddings>;

/** The same for all projects, so that the same images have the same positions in each. */
const SEED = 'embeddings';
/** Shares of the progress when the rows have been read, and of a column when its embeddings are known. */
const [READ, KNOWN] = [0.1, 0.6];

interface ColumnRequest {
  readonly payload: Payload;
  readonly candidate: ExplainedCandidate;
  /** Of the column among the image columns. */
  readonly place: number;
  readonly turn: Turn;
  readonly control: JobControl;
  /** Called with a share from 0 to 1. */
  readonly onProgress: (share: number) => void;
}

/** Computes where the images of each image column of a candidate lie in the plane. */
@Injectable()
export class ComputeEmbeddingsHandler implements JobHandler<typeof computeEmbeddings> {
  readonly type = computeEmbeddings;

  constructor(
    private readonly candidates: ExplainedCandidates,
    private readonly embedder: Embedder,
    private readonly embeddings: Embeddings,
    private readonly known: KnownPositions,
    private readonly files: InsightFiles,
    @Inject(CONCURRENCY) private readonly threads: number,
  ) {}

  async run(payload: Payload, control: JobControl): Promise<JobResult<typeof computeEmbeddings>> {
    const candidate = await this.candidates.read(payload, control.signal);
    const { imageColumns } = candidate.rows;
    const columns: InsightColumn[] = [];
    const turn = new Turn();
    for (const [place] of imageColumns.entries()) {
      const onProgress = (share: number) =>
        control.progress(READ + ((1 - READ) * (place + share)) / imageColumns.length);
      columns.push(await this.ofColumn({ payload, candidate, place, turn, control, onProgress }));
    }
    return { columns };
  }

  private async ofColumn(request: ColumnRequest): Promise<InsightColumn> {
    const { payload, candidate, place, control } = request;
    const { signal } = control;
    const all = await this.candidates.imagesOf(payload.projectId, candidate, place, signal);
    const sample = sampleInOrder(all, candidate.header, MAX_PROJECTED_IMAGES);
    const contents = sample.map(({ sha256 }) => sha256);
    const key = keyOfPositions({ backbone: await this.embedder.backboneId(), seed: SEED, contents });
    const { images, positions } = await this.placed(sample, key, request);
    const lines = images.map((image, i) => lineOf(candidate, image, positions.subarray(2 * i, 2 * i + 2)));
    const file = await this.files.write(payload.workspace, candidate.header, lines, signal);
    const column = candidate.rows.imageColumns[place]?.name ?? '';
    // Positions without those of an image that could not be read are not used again, because it may be readable later.
    const isWhole = images.length === sample.length;
    return { column, file, images: lines.length, map: null, positions: isWhole ? key : null };
  }

  /** Returns images and their positions, which may be known of another model. Images without an embedding are left out. */
  private async placed(
    sample: readonly ColumnImage[],
    key: string,
    request: ColumnRequest,
  ): Promise<{ images: readonly ColumnImage[]; positions: Float32Array | Float64Array }> {
    const { payload, control, onProgress } = request;
    const { signal } = control;
    const known = await this.known.find(payload.workspace, key, sample.length, signal);
    if (known) return { images: sample, positions: known };
    const { images, vectors, size } = await this.vectorsOf(sample, request);
    const positions = await project2d(vectors, size, {
      seed: SEED,
      threads: this.threads,
      signal,
      onProgress: (share) => onProgress(KNOWN + (1 - KNOWN) * share),
    });
    return { images, positions };
  }

  /** Returns the images that have an embedding, and their embeddings row by row. */
  private async vectorsOf(sample: readonly ColumnImage[], { payload, turn, control, onProgress }: ColumnRequest) {
    const size = await this.embedder.embeddingSize();
    const all = new Float32Array(sample.length * size);
    const rowOf = new Map(sample.map(({ sha256 }, i) => [sha256, i]));
    const found = new Set<number>();
    const options = {
      signal: control.signal,
      onProgress: (share: number) => onProgress(KNOWN * share),
      // Another start finds what has been computed so far, and goes on with the rest.
      onComputed: () => turn.letOthersGoFirst(control),
    };
    await this.embeddings.forEach(payload.workspace, rowOf.keys(), options, (sha256, vector) => {
      const row = rowOf.get(sha256);
      if (row === undefined) return;
      all.set(vector, row * size);
      found.add(row);
    });
    if (found.size === sample.length) return { images: sample, vectors: all, size };
    const rows = [...found].sort((a, b) => a - b);
    for (const [i, row] of rows.entries()) all.copyWithin(i * size, row * size, (row + 1) * size);
    return {
      images: rows.flatMap((row) => sample[row] ?? []),
      vectors: all.slice(0, rows.length * size),
      size,
    };
  }
}

function lineOf(
  { predictions }: ExplainedCandidate,
  image: ColumnImage,
  [x = 0, y = 0]: Float32Array | Float64Array,
): EmbeddingLine {
  const { imageId, row, actual } = image;
  return { imageId, x: shortened(x), y: shortened(y), actual, ...predictions.at(row) };
}
