import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FileBlobStore } from '@pentaprism/blob-store';
import type { Bus } from '@pentaprism/bus';
import {
  contentContracts,
  datasetContracts,
  projectContracts,
  tagContracts,
  targetContracts,
  trainingImageContracts,
  type RequestOf,
  type Rpc,
} from '@pentaprism/contracts';
import { MAX_IMAGES_PER_BATCH } from '@pentaprism/domain';
import { LetOthersGoFirst } from '@pentaprism/jobs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { jobControl } from '../job-control.fixture.js';
import { Turn } from '../datasets/turn.js';
import { LiveRows } from './live-rows.js';

const [projectId, datasetId, jobId] = ['1', '2', '3'].map((digit) => digit.repeat(24)) as [string, string, string];
const NEGATIVE = { id: 'f'.repeat(24), name: 'none' };

let directory: string;
let blobs: FileBlobStore;
let images: object[];
let state: { surveyed: boolean; rowCount: number; importedRows: number };
let classificationType: string;
let unknown: string[];
const calls: { rpc: Rpc; request: unknown }[] = [];

const bus = {
  call: (rpc: Rpc, request: unknown) => {
    calls.push({ rpc, request });
    return Promise.resolve(answerTo(rpc, request));
  },
} as unknown as Bus;

/** Answers as the owners do. A page of images has two at most. */
function answerTo(rpc: Rpc, request: unknown): unknown {
  if (rpc === datasetContracts.importState) return state;
  if (rpc === projectContracts.get) return { training: { classificationType } };
  if (rpc === contentContracts.hold) return { unknown };
  if (rpc === targetContracts.recordRows) return {};
  if (rpc === tagContracts.list) return pageOfTags(request as RequestOf<typeof tagContracts.list>);
  if (rpc !== trainingImageContracts.list) return {};
  const { offset = 0 } = request as RequestOf<typeof trainingImageContracts.list>;
  return { images: images.slice(offset, offset + 2), end: offset + 2 >= images.length };
}

/** One tag at a time, as with long names. The negative one is the last. */
function pageOfTags({ offset = 0 }: RequestOf<typeof tagContracts.list>) {
  const tags = [
    { id: 'a'.repeat(24), type: 'regular' },
    { ...NEGATIVE, type: 'negative' },
  ];
  return { tags: tags.slice(offset, offset + 1), total: tags.length };
}

function image(number: number, tags: readonly { id?: string; name: string }[], expiresAt: number | null = null) {
  const original = { sha256: String(number).padStart(64, '0'), size: number, mediaType: 'image/png' };
  return {
    id: String(number).padStart(24, '0'),
    fileName: `${number}.png`,
    width: 1,
    height: 1,
    original,
    tags,
    expiresAt,
  };
}

const run = (control = jobControl()) =>
  new LiveRows(bus, blobs).import({ workspace: 'w', projectId, datasetId, jobId }, control);
const requestsOf = <Wanted extends Rpc>(wanted: Wanted) =>
  calls.filter(({ rpc }) => rpc === wanted).map(({ request }) => request as RequestOf<Wanted>);

async function table(): Promise<string> {
  const [survey] = requestsOf(datasetContracts.recordSurvey);
  const sha256 = survey?.table.sha256 ?? '';
  return (await blobs.read({ area: 'datasets', workspace: 'w', sha256 })).toString();
}

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'pentaprism-live-'));
  blobs = await FileBlobStore.open(directory);
});
afterAll(() => rm(directory, { recursive: true }));
beforeEach(() => {
  calls.length = 0;
  state = { surveyed: false, rowCount: 0, importedRows: 0 };
  classificationType = 'multiclass';
  unknown = [];
  images = [];
});

describe('LiveRows', () => {
  it('writes the class of each image, and none for an image with several tags', async () => {
    images = [image(1, [{ name: 'a,b' }]), image(2, []), image(3, [{ name: 'c' }, { name: 'd' }])];
    await run();
    expect(await table()).toBe('image,tag\n1.png,"a,b"\n2.png,\n3.png,\n');
    const [recorded] = requestsOf(targetContracts.recordRows);
    expect(recorded).toMatchObject({ projectId, jobId, after: 0 });
    expect(recorded?.rows.map(({ fileName }) => fileName)).toEqual(['1.png', '2.png', '3.png']);
  });

  it('writes the labels of a multilabel project, and an empty list for a negative tag', async () => {
    classificationType = 'multilabel';
    images = [image(1, [{ name: 'a' }, { name: 'b' }]), image(2, [NEGATIVE]), image(3, [])];
    await run();
    expect(await table()).toBe('image,tag\n1.png,"[""a"",""b""]"\n2.png,[]\n3.png,\n');
  });

  it('leaves out images that expire', async () => {
    images = [image(1, [{ name: 'a' }]), image(2, [{ name: 'a' }], 5), image(3, [{ name: 'b' }])];
    await run();
    expect(await table()).toBe('image,tag\n1.png,a\n3.png,b\n');
    expect(requestsOf(contentContracts.hold)[0]?.contents.map(({ content }) => content.size)).toEqual([1, 3]);
  });

  it('goes on behind the rows that have been recorded, without another survey', async () => {
    images = [1, 2, 3].map((number) => image(number, [{ name: 'a' }]));
    state = { surveyed: true, rowCount: 3, importedRows: 2 };
    await run();
    expect(requestsOf(datasetContracts.recordSurvey)).toEqual([]);
    expect(requestsOf(targetContracts.recordRows)).toMatchObject([{ after: 2, rows: [{ fileName: '3.png' }] }]);
  });

  it('requests nothing more when all rows have been recorded', async () => {
    state = { surveyed: true, rowCount: 3, importedRows: 3 };
    await run();
    expect(calls.map(({ rpc }) => rpc)).toEqual([datasetContracts.importState]);
  });

  it('lets others go first after a part that has been recorded, if its turn is over', async () => {
    images = Array.from({ length: MAX_IMAGES_PER_BATCH + 1 }, (_, i) => image(i, [{ name: 'a' }]));
    const isOver = jest.spyOn(Turn.prototype, 'isOver', 'get').mockReturnValue(true);
    try {
      await expect(run(jobControl({ checkpoint: () => Promise.resolve({ othersWait: true }) }))).rejects.toBeInstanceOf(
        LetOthersGoFirst,
      );
    } finally {
      isOver.mockRestore();
    }
    expect(requestsOf(targetContracts.recordRows)).toHaveLength(1);
    expect(requestsOf(targetContracts.recordRows)[0]?.rows).toHaveLength(MAX_IMAGES_PER_BATCH);
  });

  it('fails without recording a row whose content cannot be held', async () => {
    images = [image(1, [{ name: 'a' }])];
    unknown = ['0'.repeat(63) + '1'];
    await expect(run()).rejects.toMatchObject({ code: 'UNAVAILABLE' });
    expect(requestsOf(targetContracts.recordRows)).toEqual([]);
  });
});
