import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { exportModel, type ExportFormat, type JobPayload, type JobResult } from '@pentaprism/contracts';
import { DomainError, MAX_EXPORT_FILE_BYTES, MAX_MODEL_FILE_BYTES, toUuid, systemDate } from '@pentaprism/domain';
import { decodeHead } from '@pentaprism/heads';
import { modelArchive, type ModelArchive } from '@pentaprism/inference';
import type { JobHandler } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { Embedder } from '../inference/embedder.js';

type Payload = JobPayload<typeof exportModel>;
type Result = JobResult<typeof exportModel>;

/** What each format is made of, and its platform and flavor in the words of the archive's manifest. */
const FORMATS: Readonly<
  Record<ExportFormat, { file: ModelArchive['format']; platform: string; flavor: string | null }>
> = {
  onnx: { file: { onnx: 'float32' }, platform: 'ONNX', flavor: null },
  'onnx-float16': { file: { onnx: 'float16' }, platform: 'ONNX', flavor: 'ONNXFloat16' },
  // ONNX 1.0 has operator set 1, which current runtimes do not load: it gets the operator set of 1.2.
  'onnx-1.0': { file: { onnx: 'onnx-1.2' }, platform: 'ONNX', flavor: 'ONNX10' },
  'onnx-1.2': { file: { onnx: 'onnx-1.2' }, platform: 'ONNX', flavor: 'ONNX12' },
  'tensorflow-js': { file: 'tensorflow-js', platform: 'TensorFlow', flavor: 'TensorFlowJs' },
};

/** Makes a ZIP archive of a model that runs elsewhere: pictures in, probabilities out. */
@Injectable()
export class ExportModelHandler implements JobHandler<typeof exportModel> {
  readonly type = exportModel;

  constructor(
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    private readonly embedder: Embedder,
  ) {}

  async run(payload: Payload): Promise<Result> {
    const { workspace, head: file, backbone } = payload;
    if ((await this.embedder.backboneId()) !== backbone)
      throw new DomainError('FAILED_PRECONDITION', 'The model was trained on another backbone: train again.');
    const head = decodeHead(
      await this.blobs.read({ area: 'models', workspace, sha256: file.sha256 }, { maxBytes: MAX_MODEL_FILE_BYTES }),
    );
    const { file: format, platform, flavor } = FORMATS[payload.platform];
    const bytes = modelArchive({
      format,
      backbone: await this.embedder.backboneFile(),
      head,
      labels: payload.labels,
      name: payload.name,
      manifest: {
        Platform: platform,
        Flavor: flavor,
        ExportedDate: systemDate().toISOString(),
        IterationId: toUuid(payload.iterationId),
      },
    });
    const { sha256, size } = await this.blobs.put('models', workspace, bytes, { maxBytes: MAX_EXPORT_FILE_BYTES });
    return { content: { sha256, size, mediaType: 'application/zip' } };
  }
}
