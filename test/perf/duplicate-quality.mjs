import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import sharp from 'sharp';
import { analyseImage, createModelInput } from '../../libs/imaging/dist/index.js';
import { openOnnxBackbone } from '../../libs/inference/dist/index.js';
import { groupNearDuplicates, MIN_SIMILARITY, parseHashes, VectorSet } from '../../libs/similarity/dist/index.js';
import { makePhotos } from './photos.mjs';
import { number } from './table.mjs';

const PYTHON = process.env.PYTHON ?? 'python3';
/** The peer is installed once. */
const INSTALLED = path.resolve('.pentaprism/bench/imagededup-0.3.3');
/** Its packages without torch, see `imagededup_phash.py`. */
const PEER = 'imagededup==0.3.3.post2';
const OF_PEER = ['numpy', 'Pillow', 'scipy', 'PyWavelets', 'tqdm', 'matplotlib', 'scikit-learn'];
const PROGRAM = path.resolve('test/perf/imagededup_phash.py');
const PHOTOS = 16;
const RADIUS = 10;
const FIXTURES = ['coffee', 'chelsea'].map((name) => path.resolve(`libs/inference/src/fixtures/${name}.jpg`));

/**
 * Precision and recall of near duplicates on pictures that were encoded again, halved, cropped and brightened, against
 * the perceptual hash of imagededup at the same radius.
 *
 * @param {string} directory for the pictures
 */
export async function duplicateQuality(directory) {
  const images = await makeImages(directory);
  const own = scoresOf(images, await ownPairs(images));
  const name = `near duplicates of ${images.length} variants of ${PHOTOS + FIXTURES.length + 3} pictures, ${RADIUS} bits`;
  const peer = peerPairs(directory);
  return [
    {
      name,
      figure: textOf(own),
      comparedWith: typeof peer === 'string' ? peer : `imagededup's perceptual hash: ${textOf(scoresOf(images, peer))}`,
    },
  ];
}

async function makeImages(directory) {
  mkdirSync(directory, { recursive: true });
  const photos = await makePhotos(path.join(directory, '../originals'), PHOTOS);
  const distinct = photos.map(({ bytes }) => bytes);
  const originals = [...distinct, ...FIXTURES.map((file) => readFileSync(file)), ...(await patterns())];
  const images = [];
  for (const [original, bytes] of originals.entries())
    for (const [variant, file] of (await variantsOf(bytes)).entries()) {
      const image = { name: `${original}-${variant}.png`, original, bytes: file };
      writeFileSync(path.join(directory, image.name), file);
      images.push(image);
    }
  return images;
}

/** Different pictures without low frequencies. */
function patterns() {
  const fine = (x, y) => (((x >> 2) + (y >> 2)) % 2) * 255;
  const colors = [() => [90, 120, 90], (x, y) => [fine(x, y), fine(x, y), fine(x, y)], (x) => [fine(x, 0), 60, 80]];
  const side = 256;
  return Promise.all(
    colors.map((colorAt) => {
      const pixels = Array.from({ length: side * side }, (_, i) => colorAt(i % side, Math.floor(i / side)));
      const raw = { width: side, height: side, channels: 3 };
      return sharp(Uint8Array.from(pixels.flat()), { raw }).png().toBuffer();
    }),
  );
}

async function variantsOf(bytes) {
  const { width, height } = await sharp(bytes).metadata();
  const crop = (share) =>
    sharp(bytes).extract({
      left: Math.round(width * share),
      top: Math.round(height * share),
      width: Math.round(width * (1 - 2 * share)),
      height: Math.round(height * (1 - 2 * share)),
    });
  const lossy = [
    sharp(bytes).jpeg({ quality: 40 }),
    sharp(bytes)
      .resize(Math.round(width / 2))
      .jpeg({ quality: 70 }),
    crop(0.02).jpeg(),
    crop(0.04).jpeg(),
    sharp(bytes).modulate({ brightness: 1.25 }).jpeg(),
  ];
  // Files of one kind, so that both sides read the same pixels.
  return Promise.all(
    [sharp(bytes), ...lossy].map(async (each) =>
      sharp(await each.toBuffer())
        .png()
        .toBuffer(),
    ),
  );
}

async function ownPairs(images) {
  const backbone = await openOnnxBackbone();
  const vectors = new VectorSet(backbone.embeddingSize);
  const hashes = [];
  for (const [i, { bytes }] of images.entries()) {
    hashes.push((await analyseImage(bytes)).perceptualHash);
    const { pixels } = await createModelInput(bytes, backbone.inputSize);
    vectors.add(String(i), (await backbone.embed([pixels]))[0]);
  }
  await backbone.close();
  const confirm = (one, other) => vectors.similarity(String(one), String(other)) >= MIN_SIMILARITY;
  const groups = await groupNearDuplicates(parseHashes(hashes), RADIUS, confirm, async () => {});
  return groups.flatMap((group) =>
    group.flatMap(({ index: one }, i) =>
      group.slice(i + 1).map(({ index: other }) => [images[one].name, images[other].name]),
    ),
  );
}

/** @returns pairs of names, or why there are none */
function peerPairs(directory) {
  const python = path.join(INSTALLED, 'bin/python');
  if (!existsSync(path.join(INSTALLED, 'installed'))) {
    rmSync(INSTALLED, { recursive: true, force: true });
    const quiet = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check'];
    const steps = [
      [PYTHON, ['-m', 'venv', INSTALLED]],
      [python, [...quiet, ...OF_PEER]],
      [python, [...quiet, '--no-deps', PEER]],
    ];
    if (steps.some(([command, args]) => spawnSync(command, args).status !== 0))
      return `skipped: ${PEER} cannot be installed with ${PYTHON}`;
    writeFileSync(path.join(INSTALLED, 'installed'), '');
  }
  const { status, stdout, stderr } = spawnSync(python, [PROGRAM, directory, String(RADIUS)], { encoding: 'utf8' });
  if (status !== 0) return `skipped: ${stderr.trim().split('\n').at(-1)}`;
  return JSON.parse(stdout.trim().split('\n').at(-1));
}

function scoresOf(images, pairs) {
  const originalOf = new Map(images.map(({ name, original }) => [name, original]));
  const right = pairs.filter(([one, other]) => originalOf.get(one) === originalOf.get(other)).length;
  const sizes = grouped(images);
  const all = [...sizes.values()].reduce((sum, { length }) => sum + (length * (length - 1)) / 2, 0);
  return { precision: right / pairs.length, recall: right / all };
}

function grouped(images) {
  const groups = new Map();
  for (const image of images) groups.set(image.original, [...(groups.get(image.original) ?? []), image]);
  return groups;
}

const textOf = ({ precision, recall }) => `precision ${number(precision, 3)}, recall ${number(recall, 3)}`;
