import { randomBytes } from 'node:crypto';
import mongoose from 'mongoose';

const BATCH = 10_000;
export const CLASSES = 10;
/** The image column, and the column that is predicted. */
export const COLUMN = 'image';
const TARGET = 'label';
/** A label of every second image with several labels. */
export const COMMON = 'common';

/**
 * Makes a project with rows of one image each straight in the database, as training-ingest would have recorded them. Half
 * of the images belong to two rows. The project itself is made by the catalog.
 *
 * @param {import('mongoose').Connection} database
 * @param {{ name: string, client: import('./system.mjs').Client }} workspace
 * @param {'multiclass' | 'multilabel' | 'regression'} type @param {number} count
 * @returns {Promise<string>} the id of the project
 */
export async function seedRows(database, { name: workspace, client }, type, count) {
  await client.json('POST', `/customvision/v3.4-preview/training/projects?name=${type}`);
  const { _id: project } = await database.collection('projects').findOne({ workspace, name: type });
  const target = new mongoose.Types.ObjectId();
  for (let first = 0; first < count; first += BATCH) {
    const positions = Array.from({ length: Math.min(BATCH, count - first) }, (_, i) => first + i);
    const images = positions.map((position) => imageOf(project, position));
    await database.collection('project_images').insertMany(images);
    const valued = images.map((image) => ({ ...common(image), target, ...VALUES[type](image.position, count) }));
    await database.collection('target_images').insertMany(valued);
  }
  const bins = type === 'multiclass' ? classBins(project, target, count) : [];
  if (bins.length > 0) await database.collection('target_bins').insertMany(bins);
  await database.collection('modelings').insertOne(modelingOf(workspace, project, target, type, count));
  return project.toHexString();
}

/** The value of an image by its position, and its place in the order of values. */
const VALUES = {
  multiclass: (position, count) => ({
    label: `class-${position % CLASSES}`,
    place: (position % CLASSES) * Math.floor(count / CLASSES) + Math.floor(position / CLASSES),
  }),
  multilabel: (position) => ({
    labels: [
      ...(position % 2 === 0 ? [COMMON] : []),
      `first-${Math.floor(position / 2) % CLASSES}`,
      `second-${Math.floor(position / (2 * CLASSES)) % CLASSES}`,
    ],
    place: position,
  }),
  regression: (position, count) => ({ number: count - position, place: count - position - 1 }),
};

function imageOf(project, position) {
  return {
    project,
    column: 0,
    position,
    image: new mongoose.Types.ObjectId(),
    sha256: randomBytes(32).toString('hex'),
    size: 300_000,
    mediaType: 'image/jpeg',
    width: 1440,
    height: 1080,
    rows: 1 + (position % 2),
  };
}

function common({ project, column, position, image, width, height, rows }) {
  return { project, column, position, image, width, height, rows };
}

function classBins(project, target, count) {
  const images = Math.floor(count / CLASSES);
  return Array.from({ length: CLASSES }, (_, order) => ({
    project,
    target,
    column: 0,
    order,
    label: `class-${order}`,
    start: null,
    end: null,
    rows: images,
    images,
    firstPlace: order * images,
    cover: order,
  }));
}

function modelingOf(workspace, _id, target, type, count) {
  return {
    _id,
    workspace,
    dataset: new mongoose.Types.ObjectId(),
    name: type,
    createdBy: 'bench',
    createdAt: new Date(),
    job: target,
    state: 'ready',
    imageColumns: [{ index: 0, name: COLUMN, images: count }],
    after: { row: count, column: 0 },
    holdoutUnlocked: false,
    target: {
      id: target,
      column: TARGET,
      type,
      metric: type === 'regression' ? 'RMSE' : 'LogLoss',
      positiveClass: null,
      mode: 'manual',
      ready: true,
      search: false,
      images: { 0: count },
      findings: {},
    },
    candidates: 0,
    deletedAt: null,
  };
}
