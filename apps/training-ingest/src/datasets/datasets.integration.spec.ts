import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { getModelToken } from '@nestjs/mongoose';
import { connectBus, type BusConnection } from '@pentaprism/bus';
import {
  contentContracts,
  counterContracts,
  datasetContracts as datasets,
  importDataset,
  jobReportContracts,
  MAX_FINDINGS_PER_CALL,
  type DatasetColumn,
  type Finding,
} from '@pentaprism/contracts';
import {
  MAX_CATEGORY_LENGTH,
  MAX_DATASET_CATEGORIES,
  MAX_DATASETS_PER_WORKSPACE,
  MAX_FINDINGS_PER_KIND,
  type FindingKind,
} from '@pentaprism/domain';
import { JOB_MODEL, type JobDocument } from '@pentaprism/jobs';
import { testScope } from '@pentaprism/testing';
import { Types, type Model } from 'mongoose';
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { answerCalls } from '../stand-in.fixture.js';
import { startTrainingIngest, type StartedTrainingIngest } from '../training-ingest.fixture.js';
import { DatasetRowsRepository } from './dataset-rows.repository.js';
import {
  DATASET_COLUMN_MODEL,
  DATASET_FINDING_MODEL,
  DATASET_IMAGE_MODEL,
  DATASET_MODEL,
  type DatasetDocument,
} from './dataset.schema.js';
import { DATASET_FILE_GRACE_MS, TendDatasets } from './tend-datasets.usecase.js';

const reports = jobReportContracts['training-ingest'];
const COLUMN: DatasetColumn = {
  index: 0,
  name: 'image',
  type: 'Image',
  uniqueCount: 2,
  missingCount: 0,
  lowInformation: false,
  statistics: null,
};

let service: StartedTrainingIngest;
let connection: BusConnection;
let workspace: string;
/** Holders whose contents were released. */
const released: string[] = [];

const modelOf = <T>(name: string) => service.app.get<Model<T>>(getModelToken(name), { strict: false });
const call: StartedTrainingIngest['call'] = (rpc, request) => service.call(rpc, request, workspace);
const tending = () => service.app.get(TendDatasets, { strict: false });
/** Milliseconds in which a dataset is removed that nothing else writes. */
const REMOVED_WITHIN_MS = 1000;
const failsWith = (code: string) => expect.objectContaining({ code });
const finding = (row: number, kind: FindingKind = 'duplicate'): Finding => ({
  kind,
  row,
  column: 'image',
  file: `${row}.jpg`,
  message: 'the same bytes as row 1',
});
const image = (row: number) => ({ row, column: 0, label: `${row}.jpg`, sha256: 'ab'.repeat(32), size: 5 });

async function putFile(): Promise<{ sha256: string; size: number; mediaType: string }> {
  const { sha256, size } = await service.blobs.put('datasets', workspace, randomBytes(20), { maxBytes: 20 });
  return { sha256, size, mediaType: 'application/zip' };
}

async function create(changes: object = {}) {
  const source = { kind: 'content' as const, content: await putFile() };
  return call(datasets.create, { name: 'photos.zip', fileName: 'photos.zip', source, ...changes });
}

/** A dataset of some rows with its survey recorded. */
async function surveyed(rowCount = 10) {
  const created = await create();
  const datasetId = created.id;
  await call(datasets.recordColumns, { datasetId, columns: [COLUMN] });
  const table = await putFile();
  await call(datasets.recordSurvey, { datasetId, rowCount, columnCount: 1, hasImages: true, table });
  return { ...created, datasetId, table };
}

async function start(jobId: string) {
  const started = await call(reports.start, { jobId, worker: 'test' });
  if (!started.taken) throw new Error(`the job is ${started.state}`);
  return { jobId, attempt: started.attempt };
}

beforeAll(async () => {
  const scope = testScope('datasets');
  const { natsUrl: url, subjectPrefix: prefix, logger } = scope;
  service = await startTrainingIngest(scope);
  connection = await connectBus({ url, prefix, name: 'stand-ins', logger });
  const answer = answerCalls(connection);
  let number = 0;
  answer(counterContracts.next, () => ({ first: ++number }));
  answer(contentContracts.release, ({ holder }) => {
    released.push(holder);
    // The first call is not enough, as for a dataset of many images.
    return { left: released.filter((each) => each === holder).length < 2 };
  });
});
afterAll(async () => {
  await connection.nats.close();
  await service.stop();
});
beforeEach(() => {
  workspace = `w${randomBytes(4).toString('hex')}`;
});

describe('a dataset', () => {
  it('is shown as importing, with its job, until the job has completed', async () => {
    const { id, versionId, jobId } = await create({ categories: ['training'] });
    const shown = await call(datasets.get, { datasetId: id });
    expect(shown).toMatchObject({ id, versionId, state: 'importing', size: 20, rowCount: null, createdBy: 'ann' });
    const job = await modelOf<JobDocument>(JOB_MODEL).findById(jobId).lean();
    expect(job).toMatchObject({ type: importDataset.type, number: expect.any(Number), subject: { datasetId: id } });
    const attempt = await start(jobId);
    await call(reports.complete, { ...attempt, result: {} });
    expect(await call(datasets.get, { datasetId: id })).toMatchObject({ state: 'ready', size: 20 });
    expect((await call(datasets.list, { category: 'training' })).datasets).toHaveLength(1);
    expect((await call(datasets.list, { category: 'other' })).total).toBe(0);
  });

  it('is removed when its import fails', async () => {
    const { id, jobId } = await create();
    const attempt = await start(jobId);
    const error = { code: 'INVALID_ARGUMENT', message: 'The archive is encrypted.' };
    await call(reports.fail, { ...attempt, error, retryable: false });
    await expect(call(datasets.get, { datasetId: id })).rejects.toEqual(failsWith('NOT_FOUND'));
    await tending().removeDeleted();
    expect(await modelOf<DatasetDocument>(DATASET_MODEL).countDocuments({ workspace })).toBe(0);
  });

  it('aborts its import rather than failing it if it was deleted during the import', async () => {
    const { id, jobId } = await create();
    const attempt = await start(jobId);
    await modelOf<DatasetDocument>(DATASET_MODEL).updateOne({ _id: new Types.ObjectId(id) }, { deletedAt: new Date() });
    const error = { code: 'NOT_FOUND', message: 'There is no such dataset.' };
    await call(reports.fail, { ...attempt, error, retryable: false });
    expect((await modelOf<JobDocument>(JOB_MODEL).findById(jobId).lean())?.state).toBe('aborted');
  });

  it('is not found from another workspace', async () => {
    const { id } = await create();
    const other = service.call(datasets.get, { datasetId: id }, 'other');
    await expect(other).rejects.toEqual(failsWith('NOT_FOUND'));
    await expect(service.call(datasets.delete, { datasetId: id }, 'other')).rejects.toEqual(failsWith('NOT_FOUND'));
  });

  it('is deleted with its columns, images and findings, after its job has ended and its contents have been released', async () => {
    const { datasetId, jobId } = await surveyed();
    await call(datasets.recordRows, { datasetId, after: 0, last: 1, images: [image(1)], findings: [finding(1)] });
    await call(datasets.delete, { datasetId });
    await expect(call(datasets.get, { datasetId })).rejects.toEqual(failsWith('NOT_FOUND'));
    await tending().removeDeleted();
    expect(released.filter((holder) => holder === `dataset/${datasetId}`)).toHaveLength(2);
    expect((await modelOf<JobDocument>(JOB_MODEL).findById(jobId).lean())?.state).toBe('aborted');
    const dataset = new Types.ObjectId(datasetId);
    for (const name of [DATASET_COLUMN_MODEL, DATASET_IMAGE_MODEL, DATASET_FINDING_MODEL])
      expect(await modelOf(name).countDocuments({ dataset })).toBe(0);
    expect(await modelOf(DATASET_MODEL).countDocuments({ _id: dataset })).toBe(0);
  });

  it('leaves no columns of a call that it is deleted during', async () => {
    const { id: datasetId } = await create();
    const rows = service.app.get(DatasetRowsRepository, { strict: false });
    const put = rows.putColumns.bind(rows);
    let removal: Promise<void> = Promise.resolve();
    jest.spyOn(rows, 'putColumns').mockImplementationOnce(async (...columns) => {
      removal = call(datasets.delete, { datasetId }).then(() => tending().removeDeleted());
      await Promise.race([removal, sleep(REMOVED_WITHIN_MS)]);
      return put(...columns);
    });
    await call(datasets.recordColumns, { datasetId, columns: [COLUMN] });
    await removal;
    await expect(call(datasets.get, { datasetId })).rejects.toEqual(failsWith('NOT_FOUND'));
    expect(await modelOf(DATASET_COLUMN_MODEL).countDocuments({ workspace })).toBe(0);
  });

  it('changes its name and categories only', async () => {
    const { id } = await create();
    const changed = await call(datasets.update, { datasetId: id, name: 'renamed', categories: ['a'] });
    expect(changed).toMatchObject({ name: 'renamed', categories: ['a'], fileName: 'photos.zip' });
  });

  it('is listed with fewer others than asked for if they are too large for one message', async () => {
    const categories = Array.from({ length: MAX_DATASET_CATEGORIES }, () => '\u0001'.repeat(MAX_CATEGORY_LENGTH));
    for (let i = 0; i < 20; i++) await create({ name: `${i}`, categories });
    const first = await call(datasets.list, { order: 'oldest' });
    expect([first.total, first.datasets.length < 20, first.datasets[0]?.categories]).toEqual([20, true, categories]);
    const names: string[] = [];
    while (names.length < 20) {
      const page = await call(datasets.list, { order: 'oldest', offset: names.length });
      expect(page.datasets).not.toHaveLength(0);
      names.push(...page.datasets.map(({ name }) => name));
    }
    expect(names).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
  });

  it('is refused with FAILED_PRECONDITION above MAX_DATASETS_PER_WORKSPACE, also for calls at once', async () => {
    const { id } = await create();
    const model = modelOf<DatasetDocument>(DATASET_MODEL);
    const one = await model.findById(id).lean();
    const copies = Array.from({ length: MAX_DATASETS_PER_WORKSPACE - 2 }, () => ({
      ...one,
      _id: new Types.ObjectId(),
    }));
    await model.collection.insertMany(copies as never[]);
    const results = await Promise.allSettled([create(), create(), create()]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(results).toContainEqual({ status: 'rejected', reason: failsWith('FAILED_PRECONDITION') });
    await model.deleteMany({ workspace });
  });

  it.each(['http://127.0.0.1/a.zip', 'http://[::1]/a.zip', 'file:///etc/passwd', 'http://localhost/a.zip', 'nonsense'])(
    'is refused with INVALID_ARGUMENT for the address %s',
    async (url) => {
      await expect(create({ source: { kind: 'url', url } })).rejects.toEqual(failsWith('INVALID_ARGUMENT'));
      expect((await call(datasets.list, {})).total).toBe(0);
    },
  );
});

describe('an import', () => {
  it('records rows once, however often they are sent', async () => {
    const { datasetId } = await surveyed(2);
    const rows = { datasetId, after: 0, last: 2, images: [image(1), image(2)], findings: [finding(2)] };
    for (let i = 0; i < 3; i++) await call(datasets.recordRows, rows);
    expect(await call(datasets.get, { datasetId })).toMatchObject({ importedRows: 2, imageCount: 2 });
    expect((await call(datasets.images, { datasetId, limit: 10 })).images).toEqual([image(1), image(2)]);
    expect((await call(datasets.findings, { datasetId })).total).toBe(1);
  });

  it('refuses rows and findings that come before earlier ones', async () => {
    const { datasetId } = await surveyed();
    const rows = call(datasets.recordRows, { datasetId, after: 3, last: 4, images: [], findings: [] });
    await expect(rows).rejects.toEqual(failsWith('FAILED_PRECONDITION'));
    const part = call(datasets.recordFindings, { datasetId, part: 1, findings: [] });
    await expect(part).rejects.toEqual(failsWith('FAILED_PRECONDITION'));
  });

  it('returns what has been recorded to a job that starts again', async () => {
    const { id: datasetId } = await create();
    expect(await call(datasets.importState, { datasetId })).toMatchObject({ surveyed: false, importedRows: 0 });
    await call(datasets.recordFindings, { datasetId, part: 0, findings: [finding(1)] });
    await call(datasets.recordColumns, { datasetId, columns: [COLUMN] });
    const survey = { datasetId, rowCount: 5, columnCount: 1, hasImages: true, table: await putFile() };
    await call(datasets.recordSurvey, survey);
    await call(datasets.recordFindings, { datasetId, part: 1, findings: [finding(2)] });
    // An earlier start that was slow changes nothing.
    await call(datasets.recordSurvey, { ...survey, rowCount: 9 });
    const state = { surveyed: true, rowCount: 5, importedRows: 0, findingParts: 2, surveyParts: 1 };
    expect(await call(datasets.importState, { datasetId })).toMatchObject(state);
    expect(await call(datasets.columns, { datasetId })).toEqual({ columns: [COLUMN], total: 1 });
  });

  it('has all images behind a row and column, page by page', async () => {
    const { datasetId } = await surveyed(3);
    const images = [1, 2, 3].flatMap((row) => [image(row), { ...image(row), column: 1 }]);
    await call(datasets.recordRows, { datasetId, after: 0, last: 3, images, findings: [] });
    const after = { row: 2, column: 0 };
    expect((await call(datasets.images, { datasetId, after, limit: 2 })).images).toEqual(images.slice(3, 5));
  });
});

describe('the data quality log', () => {
  it('lists the worst findings first, and counts those that are not stored', async () => {
    const { datasetId } = await surveyed();
    const findings = [finding(3), finding(2, 'tiny'), finding(9, 'unreadable'), finding(1)];
    await call(datasets.recordFindings, { datasetId, part: 0, findings, omitted: { tiny: 7 } });
    const log = await call(datasets.findings, { datasetId });
    const shown = log.findings.map(({ kind, row, omitted }) => [kind, row, omitted]);
    expect(shown).toEqual([
      ['unreadable', 9, undefined],
      ['duplicate', 1, undefined],
      ['duplicate', 3, undefined],
      ['tiny', 2, undefined],
      ['tiny', null, 7],
    ]);
    for (let offset = 0; offset < 6; offset++) {
      const page = await call(datasets.findings, { datasetId, offset, limit: 1 });
      expect(page).toEqual({ findings: log.findings.slice(offset, offset + 1), total: 5 });
    }
  });

  it('stores at most MAX_FINDINGS_PER_KIND findings of a kind', async () => {
    const { datasetId } = await surveyed();
    const model = modelOf<DatasetDocument>(DATASET_MODEL);
    const counts = { duplicate: { stored: MAX_FINDINGS_PER_KIND - 2, omitted: 0 } };
    await model.updateOne({ _id: new Types.ObjectId(datasetId) }, { $set: { findings: counts } });
    const findings = Array.from({ length: MAX_FINDINGS_PER_CALL }, (_, i) => finding(i + 1));
    await call(datasets.recordFindings, { datasetId, part: 0, findings });
    const { total } = await call(datasets.findings, { datasetId, limit: 1 });
    expect(total).toBe(MAX_FINDINGS_PER_KIND + 1);
    expect(await modelOf(DATASET_FINDING_MODEL).countDocuments({ dataset: new Types.ObjectId(datasetId) })).toBe(2);
  });
});

describe('files of the area datasets', () => {
  it('stay while a dataset has them, and are removed after the grace time otherwise', async () => {
    const kept = await surveyed();
    const lost = await putFile();
    const later = Date.now() + 2 * DATASET_FILE_GRACE_MS;
    await tending().sweep(later);
    const has = async (sha256: string) => (await service.blobs.stat({ area: 'datasets', workspace, sha256 })) !== null;
    expect(await has(lost.sha256)).toBe(false);
    expect(await has(kept.table.sha256)).toBe(true);
    const attempt = await start(kept.jobId);
    const upload = (await call(datasets.importState, { datasetId: kept.datasetId })).upload?.sha256 ?? '';
    expect(await has(upload)).toBe(true);
    await call(reports.complete, { ...attempt, result: {} });
    await tending().sweep(later);
    expect([await has(upload), await has(kept.table.sha256)]).toEqual([false, true]);
  });
});
