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
import { RowPredictor } from './row-predictor.js';
import { RowsToPredict, type PlacedRow, type PredictionPlan } from './rows-to-predict.js';

type Payload = JobPayload<typeof predictCandidate>;

/** Rows whose embeddings are in memory at a time: a few MB for each image column. */
const ROWS_AT_ONCE = 500;

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
    const lines = this.lines({ ...payload, plan, model }, control);
    const options = { maxBytes: MAX_PREDICTION_FILE_BYTES, signal: control.signal };
    const { sha256, size } = await this.blobs.put('models', workspace, lines, options);
    return { file: { sha256, size, mediaType: 'application/x-ndjson' } };
  }

  private async readModel(workspace: string, { sha256, size }: ContentReference): Promise<Uint8Array> {
    const key = { area: 'models', workspace, sha256 };
    return this.blobs.read(key, { size, maxBytes: MAX_MODEL_FILE_BYTES });
  }

  private async *lines(prediction: Prediction, control: JobControl): AsyncGenerator<Uint8Array, void> {
    const { workspace, plan, model } = prediction;
    const predictor = new RowPredictor(model, plan.target);
    let done = 0;
    for await (const rows of this.rows.batches(prediction, ROWS_AT_ONCE, control.signal)) {
      const vectors = await this.embed(workspace, rows, control.signal);
      const lines = rows.map(({ number, cells, contents }) => {
        const embeddings = new Map<string, Float32Array>();
        for (const [column, sha256] of contents) {
          const vector = vectors.get(sha256);
          if (vector) embeddings.set(column, vector);
        }
        return `${JSON.stringify(predictor.predict(number - 1, { cells, embeddings }))}\n`;
      });
      yield Buffer.from(lines.join(''));
      done += rows.length;
      control.progress(done / plan.rowCount);
    }
  }

  /** Returns the embeddings of the images that can be read, by their contents. */
  private async embed(workspace: string, rows: readonly PlacedRow[], signal: AbortSignal) {
    const vectors = new Map<string, Float32Array>();
    const contents = rows.flatMap((row) => [...row.contents.values()]);
    const options = { signal, onProgress: () => undefined };
    await this.embeddings.forEach(workspace, contents, options, (sha256, vector) => vectors.set(sha256, vector));
    return vectors;
  }
}
