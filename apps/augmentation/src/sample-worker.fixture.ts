import type { BlobStore } from '@pentaprism/blob-store';
import {
  jobReportContracts,
  sampleContracts,
  type JobResult,
  type makeSamples,
  type RequestOf,
  type ResponseOf,
  type Rpc,
} from '@pentaprism/contracts';

const reports = jobReportContracts.augmentation;

type Call = <R extends Rpc>(rpc: R, request: RequestOf<R>) => Promise<ResponseOf<R>>;

/** Does what a worker does with jobs for samples, in the workspace `w1`. Two samples are made of each original. */
export class SampleWorker {
  constructor(
    private readonly call: Call,
    private readonly blobs: BlobStore,
  ) {}

  /** Requests samples of a list, and makes them. Returns the id of the set. */
  async makeSamplesOf(listId: string, originals: readonly string[]): Promise<string> {
    const { jobId } = await this.call(sampleContracts.request, { listId, numberOfRows: originals.length });
    if (!(await this.work(jobId, originals))) throw new Error('the result was not accepted');
    return jobId;
  }

  /** Returns whether the result was accepted. The bytes of a sample are the text `<prefix>-<row>-<n>`. */
  async work(jobId: string, originals: readonly string[], prefix = jobId): Promise<boolean> {
    const started = await this.call(reports.start, { jobId, worker: 'test' });
    if (!started.taken) throw new Error(`the job is ${started.state}`);
    const result: JobResult<typeof makeSamples> = { originals: [] };
    for (const [row, imageId] of originals.entries()) {
      const augmented = [];
      for (const n of [0, 1]) augmented.push({ ...(await this.put(`${prefix}-${row}-${n}`)), width: 40, height: 30 });
      result.originals.push({ imageId, width: 40, height: 30, augmented });
    }
    return (await this.call(reports.complete, { jobId, attempt: started.attempt, result })).accepted;
  }

  private async put(text: string) {
    const { sha256, size } = await this.blobs.put('samples', 'w1', Buffer.from(text), { maxBytes: 1000 });
    return { sha256, size, mediaType: 'image/png' };
  }
}
