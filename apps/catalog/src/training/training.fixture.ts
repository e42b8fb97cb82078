import { getModelToken } from '@nestjs/mongoose';
import type { BlobStore } from '@pentaprism/blob-store';
import {
  jobReportContracts,
  projectContracts,
  trainingImageContracts,
  type ContentReference,
  type RequestOf,
  type ResponseOf,
  type Rpc,
  type TagReference,
  type TrainingImage,
} from '@pentaprism/contracts';
import { DEFAULT_TRAINING_SETTINGS, MAX_IMAGES_PER_BATCH } from '@pentaprism/domain';
import { JOB_MODEL, type JobDocument } from '@pentaprism/jobs';
import { BLOB_STORE } from '@pentaprism/service';
import { Types, type Model } from 'mongoose';
import { randomBytes } from 'node:crypto';
import { CONTENT_MODEL, type ContentDocument } from '../contents/content.schema.js';
import { IMAGE_MODEL, type ImageDocument } from '../images/image.schema.js';
import type { StartedCatalog } from '../catalog.fixture.js';
import { TRANSIENT_BLOB_GRACE } from '../config/config.js';
import { CollectBlobs } from '../housekeeping/collect-blobs.usecase.js';

const reports = jobReportContracts.catalog;

export const times = <T>(count: number, each: (n: number) => T) => Array.from({ length: count }, (_, n) => each(n));
export const idsOf = (images: readonly { id: string }[]) => images.map(({ id }) => id);
export const newId = () => new Types.ObjectId().toHexString();

export const statusesOf = (outcomes: readonly { status: string }[]) => outcomes.map(({ status }) => status);
/** Each image with each tag. */
export const taggingsOf = (imageIds: readonly string[], tags: readonly TagReference[]) =>
  imageIds.flatMap((imageId) => tags.map((tag) => ({ imageId, tag })));

let tagNumber = 0;
export const newTag = (name = `tag ${tagNumber + 1}`): TagReference => ({ id: newId(), number: ++tagNumber, name });

/** What tests of training images do, in one workspace. */
export class TrainingFixture {
  readonly blobs: BlobStore;

  constructor(
    readonly catalog: StartedCatalog,
    readonly workspace: string,
  ) {
    this.blobs = catalog.app.get<BlobStore>(BLOB_STORE, { strict: false });
  }

  call<R extends Rpc>(rpc: R, request: RequestOf<R>): Promise<ResponseOf<R>> {
    return this.catalog.call(rpc, request, this.workspace);
  }

  model<T>(name: string): Model<T> {
    return this.catalog.app.get<Model<T>>(getModelToken(name), { strict: false });
  }

  /** The code of the error that a call ends with, or `done`. */
  async outcomeOf(call: Promise<unknown>): Promise<string> {
    return call.then(() => 'done').catch((error: { code: string }) => error.code);
  }

  async makeProject(name = newId()): Promise<string> {
    const training = { ...DEFAULT_TRAINING_SETTINGS, exportPlatforms: [] };
    return (await this.call(projectContracts.create, { name, description: '', training })).id;
  }

  async putBytes(area = 'originals'): Promise<ContentReference> {
    const { sha256, size } = await this.blobs.put(area, this.workspace, randomBytes(40), { maxBytes: 1000 });
    return { sha256, size, mediaType: 'image/png' };
  }

  async isStored(sha256: string, area = 'originals'): Promise<boolean> {
    return (await this.blobs.stat({ area, workspace: this.workspace, sha256 })) !== null;
  }

  findContent(sha256: string): Promise<ContentDocument | null> {
    return this.model<ContentDocument>(CONTENT_MODEL).findOne({ workspace: this.workspace, sha256 }).lean();
  }

  findImage(id: string): Promise<ImageDocument | null> {
    return this.model<ImageDocument>(IMAGE_MODEL).findById(id).lean();
  }

  /** The images of a project, in the order of their numbers. */
  findImages(projectId: string): Promise<ImageDocument[]> {
    const filter = { workspace: this.workspace, project: new Types.ObjectId(projectId) };
    return this.model<ImageDocument>(IMAGE_MODEL).find(filter).sort({ number: 1 }).lean();
  }

  /** What was removed long enough ago goes with its bytes. */
  collect(): Promise<number> {
    const later = Date.now() + Math.max(this.catalog.config.BLOB_GRACE, TRANSIENT_BLOB_GRACE) * 1000 + 10_000;
    return this.catalog.app.get(CollectBlobs, { strict: false }).collectOrphans(later);
  }

  /** Bytes that have been analysed, as those that an ingest brings. */
  async decoded(count = 1): Promise<ContentReference[]> {
    const contents = await Promise.all(times(count, () => this.putBytes()));
    await this.know(contents);
    return contents;
  }

  /** Records of analysed contents that nothing points to yet, with their pictures. */
  async know(contents: readonly ContentReference[], resized = false): Promise<void> {
    const createdAt = new Date();
    const documents = await Promise.all(
      contents.map(async ({ sha256, size, mediaType }) => ({
        workspace: this.workspace,
        sha256,
        size,
        mediaType,
        state: 'decoded',
        format: 'png',
        width: 40,
        height: 30,
        perceptualHash: '0'.repeat(16),
        pixelDigest: null,
        thumbnail: { ...(await this.putBytes('thumbnails')), width: 4, height: 3 },
        resized: resized ? { ...(await this.putBytes('thumbnails')), width: 20, height: 15 } : null,
        createdAt,
        orphanedAt: createdAt,
        transient: true,
        revision: 0,
      })),
    );
    await this.model<ContentDocument>(CONTENT_MODEL).collection.insertMany(documents as never);
  }

  async add(projectId: string, contents: readonly ContentReference[], tags: readonly TagReference[] = []) {
    const images = contents.map((content, n) => ({ fileName: `${n}.png`, content, tags: [...tags] }));
    return (await this.call(trainingImageContracts.add, { projectId, images })).outcomes;
  }

  /** New images of a project, in the order of their numbers. */
  async addNew(projectId: string, count: number, tags: readonly TagReference[] = []): Promise<TrainingImage[]> {
    const made: TrainingImage[] = [];
    while (made.length < count) {
      const contents = await this.decoded(Math.min(count - made.length, MAX_IMAGES_PER_BATCH));
      made.push(...(await this.add(projectId, contents, tags)).map(imageOf));
    }
    return made;
  }

  async jobOf(sha256: string): Promise<JobDocument> {
    const filter = { workspace: this.workspace, type: 'content.analyse', 'payload.sha256': sha256 };
    const job = await this.model<JobDocument>(JOB_MODEL).findOne(filter).lean();
    if (!job) throw new Error('there is no job');
    return job;
  }

  /** Returns what a worker reports about a picture, whose thumbnail is stored. */
  async decodedResult() {
    const thumbnail = { ...(await this.putBytes('thumbnails')), width: 4, height: 3 };
    return {
      state: 'decoded' as const,
      format: 'png',
      mediaType: 'image/png',
      width: 40,
      height: 30,
      orientation: 1,
      colorSpace: 'srgb',
      channels: 3,
      bitDepth: 8,
      hasAlpha: false,
      pages: 1,
      perceptualHash: '0'.repeat(16),
      pixelDigest: null,
      thumbnail,
    };
  }

  /** Plays the worker. @param result other than that it is a picture */
  async report(sha256: string, result?: { state: 'undecodable'; reason: string; code?: string }): Promise<void> {
    const jobId = (await this.jobOf(sha256))._id.toHexString();
    const started = await this.call(reports.start, { jobId, worker: 'test' });
    if (!started.taken) throw new Error(`the job is ${started.state}`);
    const report = { jobId, attempt: started.attempt, result: result ?? (await this.decodedResult()) };
    if (!(await this.call(reports.complete, report)).accepted) throw new Error('the report was not accepted');
  }
}

export function imageOf(outcome: { status: string; image?: TrainingImage }): TrainingImage {
  if (!outcome.image) throw new Error(`there is no image: ${outcome.status}`);
  return outcome.image;
}
