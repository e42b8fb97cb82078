import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import {
  predictCandidate,
  tablePredictionContracts,
  type ContentReference,
  type JobPayload,
  type JobResult,
} from '@pentaprism/contracts';
import {
  DomainError,
  MAX_MODEL_FILE_BYTES,
  MAX_PREDICTION_FILE_BYTES,
  MAX_PREDICTION_NUMBERS,
} from '@pentaprism/domain';
import type { JobControl, JobHandler } from '@pentaprism/jobs';
import { decodeModel, type TableModel } from '@pentaprism/modeling';
import { BLOB_STORE } from '@pentaprism/service';
import { Embedder } from '../inference/embedder.js';
import { Embeddings } from '../inference/embeddings.js';
import { JobParts } from '../job-parts.js';
import { RowPredictor } from './row-predictor.js';
import { RowsToPredict, type PlacedRow, type PredictionPlan } from './rows-to-predict.js';

type Payload = JobPayload<typeof predictCandidate>;

const MEDIA_TYPE = 'application/x-ndjson';

/** One start of a prediction. */
interface Prediction extends Payload {
  readonly plan: PredictionPlan;
  readonly model: TableModel;
}

/** Predicts the rows of a table by a model, and stores a line of JSON for each. */
@Injectable()
export class PredictCandidateHandler implements JobHandler<typeof predictCandidate> {
  readonly type = predictCandidate;

  constructor(
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    private readonly embedder: Embedder,
    private readonly embeddings: Embeddings,
    private readonly rows: RowsToPredict,
  ) {}

  async run(payload: Payload, control: JobControl): Promise<JobResult<typeof predictCandidate>> {
    const { workspace, projectId, predictionId } = payload;
    const plan = await this.bus.call(tablePredictionContracts.plan, { projectId, predictionId });
    const model = decodeModel(await this.readModel(workspace, plan.model));
    if (model.backbone !== (await this.embedder.backboneId()))
      throw new DomainError('FAILED_PRECONDITION', 'The model was made with another backbone. Train it again.');
    if (plan.rowCount * model.classes.length > MAX_PREDICTION_NUMBERS)
      throw new DomainError(
        'FAILED_PRECONDITION',
        `The probabilities of ${model.classes.length} classes for ${plan.rowCount} rows are too many. Upload fewer rows.`,
      );
    return { file: await this.predict({ ...payload, plan, model }, control) };
  }

  private async readModel(workspace: string, { sha256, size }: ContentReference): Promise<Uint8Array> {
    const key = { area: 'models', workspace, sha256 };
    return this.blobs.read(key, { size, maxBytes: MAX_MODEL_FILE_BYTES });
  }

  /** Predicts batch by batch, each of which is kept as a part of the job. Returns the file of all of them. */
  private async predict(prediction: Prediction, control: JobControl): Promise<ContentReference> {
    const { plan, model } = prediction;
    const parts = new JobParts(this.blobs, control);
    const { files, rows } = predictedRows(control.parts);
    const predictor = new RowPredictor(model, plan.target);
    let done = rows;
    for await (const batch of this.rows.batches(prediction, done, control.signal)) {
      const vectors = await this.embed(prediction.workspace, batch, parts, control.signal);
      const lines = Buffer.from(batch.map((row) => lineOf(predictor, row, vectors)).join(''));
      const name = partName(done, done + batch.length);
      done += batch.length;
      control.progress(done / plan.rowCount);
      files.push(await parts.keep(name, lines, MEDIA_TYPE));
      await parts.letOthersGoFirst();
    }
    return this.joined(prediction.workspace, files, control.signal);
  }

  private async joined(
    workspace: string,
    files: readonly ContentReference[],
    signal: AbortSignal,
  ): Promise<ContentReference> {
    const [first] = files;
    if (first && files.length === 1) return first;
    const { blobs } = this;
    const lines = async function* () {
      for (const { sha256, size } of files) yield* await blobs.open({ area: 'models', workspace, sha256 }, { size });
    };
    const options = { maxBytes: MAX_PREDICTION_FILE_BYTES, signal };
    const { sha256, size } = await this.blobs.put('models', workspace, lines(), options);
    return { sha256, size, mediaType: MEDIA_TYPE };
  }

  /** Returns the embeddings of the images that can be read, by their contents. */
  private async embed(workspace: string, rows: readonly PlacedRow[], parts: JobParts, signal: AbortSignal) {
    const vectors = new Map<string, Float32Array>();
    const contents = rows.flatMap((row) => [...row.contents.values()]);
    const options = { signal, onProgress: () => undefined, onComputed: () => parts.letOthersGoFirst() };
    await this.embeddings.forEach(workspace, contents, options, (sha256, vector) => vectors.set(sha256, vector));
    return vectors;
  }
}

function lineOf(
  predictor: RowPredictor,
  { number, cells, contents }: PlacedRow,
  vectors: ReadonlyMap<string, Float32Array>,
): string {
  const embeddings = new Map<string, Float32Array>();
  for (const [column, sha256] of contents) {
    const vector = vectors.get(sha256);
    if (vector) embeddings.set(column, vector);
  }
  return `${JSON.stringify(predictor.predict(number - 1, { cells, embeddings }))}\n`;
}

/** The name of the part with the predictions of the rows behind one, up to another. */
function partName(after: number, last: number): string {
  return `rows ${after + 1} to ${last}`;
}

/** Returns the files of the rows that earlier attempts have predicted, and how many rows those are. */
function predictedRows(parts: JobControl['parts']): { files: ContentReference[]; rows: number } {
  const files: ContentReference[] = [];
  let rows = 0;
  for (const [name, file] of parts) {
    const [, first, last] = /^rows (\d+) to (\d+)$/.exec(name) ?? [];
    if (!file || Number(first) !== rows + 1) continue;
    files.push(file);
    rows = Number(last);
  }
  return { files, rows };
}
