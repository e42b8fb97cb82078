import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import {
  contentContracts,
  tagContracts,
  trainingImageContracts,
  type ContentReference,
  type RequestOf,
  type ResponseOf,
  type Rpc,
  type TagDetails,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import type { PredictionRepository } from '../predictions/prediction.repository.js';
import { AddTrainingImages } from './add-training-images.usecase.js';
import type { ImportImage } from '../url/import-image.usecase.js';

const PROJECT = 'a'.repeat(24);
type Outcome = ResponseOf<typeof contentContracts.analyse>['outcomes'][number];

/** What the workers say of each content, by its hash. */
let analyses: Map<string, Outcome>;
let tags: TagDetails[];
/** Of the catalog. */
let added: RequestOf<typeof trainingImageContracts.add>['images'];
/** Its answer to each image that it is asked for. */
let status: 'too-many-images' | 'conflicting-tags';

/** A bus whose other end is the test. */
const bus = {
  call: (rpc: Rpc, request: unknown): Promise<unknown> => Promise.resolve(answer(rpc, request)),
} as unknown as Bus;

function answer(rpc: Rpc, request: unknown): unknown {
  if (rpc === tagContracts.getMany) {
    const { ids } = request as RequestOf<typeof tagContracts.getMany>;
    return { tags: tags.filter(({ id }) => ids.includes(id)) };
  }
  if (rpc === contentContracts.analyse) {
    const { contents } = request as RequestOf<typeof contentContracts.analyse>;
    return { outcomes: contents.map(({ sha256 }) => analyses.get(sha256)) };
  }
  if (rpc === trainingImageContracts.add) {
    const { images } = request as RequestOf<typeof trainingImageContracts.add>;
    added.push(...images);
    return { outcomes: images.map(() => ({ status })), next: null };
  }
  return {};
}

const adding = new AddTrainingImages(bus, {} as ImportImage, {} as PredictionRepository);

async function resultsOf(contents: readonly ContentReference[], tagIds: string[] = []) {
  const images = contents.map((content) => ({ fileName: '', source: { kind: 'content' as const, content }, tagIds }));
  return (await adding.execute('w', { projectId: PROJECT, tagIds: [], images })).results;
}

async function statusesOf(contents: readonly ContentReference[], tagIds?: string[]): Promise<string[]> {
  return (await resultsOf(contents, tagIds)).map((each) => each.status);
}

function content(digit: string, mediaType: string, outcome: Outcome): ContentReference {
  const sha256 = digit.repeat(64);
  analyses.set(sha256, outcome);
  return { sha256, size: 9, mediaType };
}

const decoded = (format: string, width = 40, height = 30): Outcome => ({
  state: 'decoded',
  mediaType: `image/${format}`,
  format,
  width,
  height,
});
const undecodable = (code?: string): Outcome => ({
  state: 'undecodable',
  reason: 'It cannot be decoded.',
  ...(code === undefined ? {} : { code }),
});

beforeEach(() => {
  [analyses, tags, added, status] = [new Map(), [], [], 'too-many-images'];
});

describe('images that come in', () => {
  it('are refused for what is in their bytes', async () => {
    const statuses = await statusesOf([
      content('1', 'image/png', decoded('png')),
      content('2', 'image/png', undecodable('damaged')),
      content('3', 'image/png', undecodable()),
      content('4', 'image/tiff', decoded('tiff')),
      content('5', 'image/png', decoded('png', 10_241, 5_000)),
      content('6', 'image/jpeg', decoded('jpeg', 100, 2_501)),
      // As large as a picture may be, but more than is decoded.
      content('7', 'image/png', undecodable('too_many_pixels')),
      content('8', 'image/bmp', undecodable('too_many_pixels')),
      content('9', 'image/tiff', undecodable('too_many_pixels')),
    ]);
    expect(statuses).toEqual([
      'too-many-images',
      'undecodable',
      'undecodable',
      'undecodable',
      'bad-dimensions',
      'bad-dimensions',
      'bad-dimensions',
      'bad-dimensions',
      'undecodable',
    ]);
  });

  it('are refused with a sentence that says why', async () => {
    const small = content('6', 'image/png', decoded('png'));
    const contents = [
      content('1', 'image/png', undecodable('damaged')),
      content('2', 'image/tiff', decoded('tiff')),
      content('5', 'image/x-portable-pixmap', decoded('ppm')),
      content('3', 'image/jpeg', decoded('jpeg', 100, 2_501)),
      content('4', 'image/png', undecodable('too_many_pixels')),
      { ...small, size: 7 * 1024 ** 2 },
    ];
    expect((await resultsOf(contents)).map(({ reason }) => reason)).toEqual([
      'It cannot be decoded.',
      'The file format is TIFF; models are trained on JPEG, PNG, GIF and BMP.',
      'The file format is PPM; models are trained on JPEG, PNG, GIF and BMP.',
      'The picture has 100 × 2501 pixels; sides of at most 10240 pixels and proportions of at most 25:1 are trained on.',
      'It cannot be decoded.',
      'It has more than 6 MiB.',
    ]);
    expect((await resultsOf([small], ['b'.repeat(24)])).map(({ reason }) => reason)).toEqual([
      'It has a tag that the project does not have.',
    ]);
    // The status says it all.
    expect(await resultsOf([small])).toEqual([{ status: 'too-many-images', image: null }]);
  });

  it('get a negative tag as one, and never beside another', async () => {
    const [negative, regular] = ['b'.repeat(24), 'c'.repeat(24)];
    tags = [
      { id: negative, number: 1, name: 'none', description: '', type: 'negative' },
      { id: regular, number: 2, name: 'some', description: '', type: 'regular' },
    ];
    const picture = content('1', 'image/png', decoded('png'));
    expect(await statusesOf([picture], [negative, regular])).toEqual(['conflicting-tags']);
    expect(added).toEqual([]);
    // The image has another one, which only the catalog knows.
    status = 'conflicting-tags';
    expect(await statusesOf([picture], [negative])).toEqual(['conflicting-tags']);
    expect(added[0]?.tags).toEqual([{ id: negative, number: 1, name: 'none', negative: true }]);
  });
});

it('gives each image of a batch a signal of its own, so that Node.js sees no leak', async () => {
  const warnings: Error[] = [];
  const warned = (warning: Error) => warnings.push(warning);
  process.on('warning', warned);
  const signals: (AbortSignal | undefined)[] = [];
  const importImage = {
    execute: async (_workspace: string, _url: string, { signal }: { signal?: AbortSignal }) => {
      signal?.addEventListener('abort', () => undefined);
      signals.push(signal);
      throw new DomainError('UPSTREAM_FAILED', 'There is no image.');
    },
  } as unknown as ImportImage;
  const images = Array.from({ length: 20 }, (_, i) => ({
    fileName: '',
    source: { kind: 'url' as const, url: `https://images.example/${i}` },
    tagIds: [],
  }));
  const batch = new AddTrainingImages(bus, importImage, {} as PredictionRepository);
  await batch.execute('w', { projectId: PROJECT, tagIds: [], images });
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', warned);
  expect(new Set(signals).size).toBe(20);
  expect(warnings).toEqual([]);
});
