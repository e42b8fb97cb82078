import { expect } from '@jest/globals';
import {
  datasetContracts as datasets,
  jobDirectoryContracts,
  modelingContracts as modelings,
  type Dataset,
  type Job,
} from '@pentaprism/contracts';
import { eventually } from '@pentaprism/testing';
import sharp from 'sharp';
import { WORKSPACE, type RunningServices } from './running-services.js';

/** Returns a JPEG of one color with some noise. Each number gives another image. */
export function picture(number: number): Promise<Buffer> {
  return sharp({
    create: {
      width: 40 + number,
      height: 40,
      channels: 3,
      background: { r: (number * 37) % 256, g: 90, b: 160 },
      noise: { type: 'gaussian', mean: 128, sigma: 30 },
    },
  })
    .jpeg()
    .toBuffer();
}

/** Stores bytes as the gateway stores an upload. */
export async function upload({ blobs }: RunningServices, bytes: Uint8Array) {
  const { sha256, size } = await blobs.put('datasets', WORKSPACE, bytes, { maxBytes: bytes.length });
  return { kind: 'content', content: { sha256, size, mediaType: 'application/octet-stream' } } as const;
}

/** Waits for the end of a job. */
export function ended({ call }: RunningServices, jobId: string): Promise<Job> {
  return eventually(
    async () => {
      const found = await call(jobDirectoryContracts.get, { id: jobId });
      expect(['completed', 'failed', 'aborted']).toContain(found.state);
      return found;
    },
    { timeoutMs: 60_000 },
  );
}

/** Uploads bytes, and waits for the end of the import. */
export async function importBytes(services: RunningServices, bytes: Uint8Array, fileName = 'data.csv') {
  const source = await upload(services, bytes);
  const { id, jobId } = await services.call(datasets.create, { name: fileName, fileName, source });
  return { id, job: await ended(services, jobId) };
}

/** As `importBytes`, for bytes that become a dataset. */
export async function importedDataset(
  services: RunningServices,
  bytes: Uint8Array,
  fileName?: string,
): Promise<Dataset> {
  const { id, job } = await importBytes(services, bytes, fileName);
  expect([job.error, job.state]).toEqual([null, 'completed']);
  return services.call(datasets.get, { datasetId: id });
}

/** Uploads bytes, and waits for the project that is made of them. */
export async function uploadedProject(services: RunningServices, bytes: Uint8Array): Promise<string> {
  const source = { kind: 'new', fileName: 'upload', source: await upload(services, bytes) } as const;
  const { projectId, jobId } = await services.call(modelings.create, { source });
  const job = await ended(services, jobId);
  expect([job.error, job.state]).toEqual([null, 'completed']);
  return projectId;
}
