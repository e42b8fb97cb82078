import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { getModelToken } from '@nestjs/mongoose';
import type { BlobStore } from '@pentaprism/blob-store';
import { jobReportContracts, radiographContracts, type Radiograph } from '@pentaprism/contracts';
import { JOB_MODEL, type JobDocument } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { testScope } from '@pentaprism/testing';
import type { Model } from 'mongoose';
import { randomBytes } from 'node:crypto';
import { startCatalog, type StartedCatalog } from '../catalog.fixture.js';

const reports = jobReportContracts.catalog;
let catalog: StartedCatalog;
let workspace: string;
beforeAll(async () => {
  catalog = await startCatalog(await testScope('deleted-radiographs'));
  workspace = await catalog.makeWorkspace();
});
afterAll(() => catalog.stop());

async function add(): Promise<Radiograph> {
  const blobs = catalog.app.get<BlobStore>(BLOB_STORE, { strict: false });
  const { sha256, size } = await blobs.put('originals', workspace, randomBytes(40), { maxBytes: 1000 });
  const info = { binning: 'unbinned', lut: null } as const;
  const source = { sha256, size, mediaType: 'image/png' };
  return catalog.call(radiographContracts.create, { source, info, session: null, timeToLive: 600 }, workspace);
}

async function renderJobOf({ imageId }: Radiograph): Promise<JobDocument> {
  const jobs = catalog.app.get<Model<JobDocument>>(getModelToken(JOB_MODEL), { strict: false });
  const job = await jobs.findOne({ type: 'radiograph.render', 'payload.imageId': imageId });
  if (!job) throw new Error('there is no job');
  return job.toObject();
}

/** Reports as a worker does that does not find the bytes. Returns the state of the job. */
async function missBytes(radiograph: Radiograph): Promise<string> {
  const jobId = (await renderJobOf(radiograph))._id.toHexString();
  const started = await catalog.call(reports.start, { jobId, worker: 'test' }, workspace);
  if (!started.taken) throw new Error('not taken');
  const error = { code: 'NOT_FOUND', message: 'There is no such content.' };
  await catalog.call(reports.fail, { jobId, attempt: started.attempt, error, retryable: false }, workspace);
  return (await renderJobOf(radiograph)).state;
}

describe('the job that makes the picture of a radiograph', () => {
  it('fails if the bytes are missing, and is aborted if the radiograph was deleted before', async () => {
    const [kept, deleted] = [await add(), await add()];
    await catalog.call(radiographContracts.delete, { key: deleted.key }, workspace);
    expect([await missBytes(kept), await missBytes(deleted)]).toEqual(['failed', 'aborted']);
  });
});
