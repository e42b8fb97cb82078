import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { exportModel, type JobPayload, type JobResult } from '@pentaprism/contracts';
import { DomainError, MAX_EXPORT_FILE_BYTES, MAX_MODEL_FILE_BYTES } from '@pentaprism/domain';
import { decodeHead } from '@pentaprism/heads';
import { exportOnnx, exportTensorFlowJs } from '@pentaprism/inference';
import type { JobHandler } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { zipSync } from 'fflate';
import { Embedder } from '../inference/embedder.js';

type Payload = JobPayload<typeof exportModel>;
type Result = JobResult<typeof exportModel>;

/** Makes files of a model that run elsewhere: one ONNX file, or a ZIP archive of what TensorFlow.js loads. */
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
    const { bytes, mediaType } = await this.make(payload, head);
    const { sha256, size } = await this.blobs.put('models', workspace, bytes, { maxBytes: MAX_EXPORT_FILE_BYTES });
    return { content: { sha256, size, mediaType } };
  }

  private async make({ platform, labels, name }: Payload, head: ReturnType<typeof decodeHead>) {
    if (platform === 'onnx') {
      const backbone = await this.embedder.backboneFile();
      return { bytes: exportOnnx({ backbone, head, labels, name }), mediaType: 'application/octet-stream' };
    }
    // Weights hardly get smaller: stored as they are.
    return { bytes: zipSync(exportTensorFlowJs({ head, labels, name }), { level: 0 }), mediaType: 'application/zip' };
  }
}
