import { createRandom } from '@pentaprism/domain';
import sharp from 'sharp';
import { archive } from '../../e2e/support/datasets.js';

/** An upload that becomes a dataset. */
export interface DatasetFile {
  readonly fileName: string;
  readonly bytes: Buffer;
}

/** Pictures that every file has, so that datasets hold the same contents. */
const COMMON = 20;
const CLASSES = ['cats', 'dögs', 'fish & chips', 'newts'];
const [SIZE, PATCHES] = [96, 8];

/**
 * Returns different files: archives of class folders and tables of base64, with broken and repeated pictures.
 *
 * @param counts of the files, and of the pictures of each
 */
export async function datasetFiles(
  seed: string,
  { count, each }: { count: number; each: number },
): Promise<DatasetFile[]> {
  const common = await pictures(`${seed}/common`, COMMON);
  const files: DatasetFile[] = [];
  for (let i = 0; i < count; i++) {
    const all = [...common, ...(await pictures(`${seed}/${i}`, each - COMMON))];
    files.push(i % 2 === 0 ? classFolders(all) : tableOf(all));
  }
  return files;
}

/** Returns small JPEG files of random patches, each of them different. */
export async function pictures(seed: string, count: number): Promise<Buffer[]> {
  const random = createRandom(`drill pictures/${seed}`);
  const made: Buffer[] = [];
  for (let i = 0; i < count; i++) {
    const patches = Buffer.from(Array.from({ length: PATCHES * PATCHES * 3 }, () => Math.floor(random() * 256)));
    const image = sharp(patches, { raw: { width: PATCHES, height: PATCHES, channels: 3 } });
    made.push(
      await image
        .resize(SIZE, SIZE, { kernel: i % 2 === 0 ? 'nearest' : 'cubic' })
        .jpeg()
        .toBuffer(),
    );
  }
  return made;
}

function classFolders(all: readonly Buffer[]): DatasetFile {
  const entries = all.map((bytes, i) => [`pets/${CLASSES[i % CLASSES.length]}/${i}.jpg`, bytes] as const);
  const wrong = wrongPictures(all).map((bytes, i) => [`pets/${CLASSES[i % CLASSES.length]}/wrong${i}.jpg`, bytes]);
  return { fileName: 'pets.zip', bytes: archive(Object.fromEntries([...entries, ...wrong])) };
}

function tableOf(all: readonly Buffer[]): DatasetFile {
  const cells = [...all, ...wrongPictures(all)].map((bytes) => bytes.toString('base64'));
  const rows = [...cells, 'not base64 at all', ''].map((cell, i) => `${i},"${CLASSES[i % CLASSES.length]}",${cell}`);
  return { fileName: 'pets.csv', bytes: Buffer.from(['id,label,photo', ...rows].join('\r\n')) };
}

/** Pictures that are cut off, damaged, text, or the same as another one. */
function wrongPictures([first, second, third, fourth]: readonly Buffer[]): Buffer[] {
  if (!first || !second || !third || !fourth) throw new Error('too few pictures');
  const damaged = Buffer.from(third);
  damaged.fill(0xff, damaged.length >> 1, (damaged.length >> 1) + 40);
  const text = Buffer.from('This is not a picture.\n');
  return [first.subarray(0, first.length >> 1), second.subarray(0, 100), damaged, text, fourth, fourth, second];
}
