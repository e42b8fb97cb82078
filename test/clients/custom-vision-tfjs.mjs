// Microsoft's runtime for TensorFlow.js exports (1.3.0), from where it is installed, with a model that is trained here.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unzipSync } from 'fflate';
import sharp from 'sharp';

const installed = createRequire(path.join(process.env.PACKAGES, 'package.json'));
const { ClassificationModel } = installed('@microsoft/customvision-tfjs');
const tf = installed('@tensorflow/tfjs');

const { ENDPOINT, KEY, PICTURES } = process.env;
const CLASSES = process.env.CLASSES.split(',');
const COUNT = Number(process.env.COUNT);
const TRAINING = `${ENDPOINT}/customvision/v3.4-preview/training`;
const COMPACT = '0732100f-1a38-4e49-a514-c9b44c697ab5';

async function call(method, url, body) {
  const headers = { 'Training-Key': KEY, ...(body ? { 'content-type': 'application/octet-stream' } : {}) };
  const answer = await fetch(url, { method, headers, body });
  assert.ok(answer.ok, `${method} ${url}: ${answer.status}`);
  return answer.json();
}

const file = (name, number) => path.join(PICTURES, `${name}-${number}.png`);
const { id } = await call('POST', `${TRAINING}/projects?name=tfjs%20${Date.now()}&domainId=${COMPACT}&classificationType=Multiclass`); // prettier-ignore
const project = `${TRAINING}/projects/${id}`;
for (const name of CLASSES) {
  const tag = await call('POST', `${project}/tags?name=${name}`);
  for (let i = 0; i < COUNT - 1; i++)
    await call('POST', `${project}/images?tagIds=${tag.id}`, readFileSync(file(name, i)));
}
let iteration = await call('POST', `${project}/train`);
while (iteration.status === 'Training' || iteration.status === 'Queued') {
  await sleep(500);
  iteration = await call('GET', `${project}/iterations/${iteration.id}`);
}
let exported = await call(
  'POST',
  `${project}/iterations/${iteration.id}/export?platform=TensorFlow&flavor=TensorFlowJs`,
);
while (exported.status === 'Exporting') {
  await sleep(500);
  [exported] = await call('GET', `${project}/iterations/${iteration.id}/export`);
}
const files = unzipSync(new Uint8Array(await (await fetch(exported.downloadUri)).arrayBuffer()));
const text = (name) => Buffer.from(files[name]).toString('utf8');
const labels = text('labels.txt').trimEnd().split('\n');
const { weightsManifest, ...described } = JSON.parse(text('model.json'));
const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
const weightData = Uint8Array.from(files['weights.bin']).buffer;
const model = new ClassificationModel();
await model.loadModelAsync({ load: async () => ({ ...described, weightSpecs, weightData }) });
for (const name of CLASSES) {
  const picture = sharp(file(name, COUNT - 1))
    .removeAlpha()
    .toColourspace('srgb');
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  // What its browser build reads from an element.
  const pixels = tf.tensor3d(Int32Array.from(data), [info.height, info.width, 3], 'int32');
  const [probabilities] = await model.executeAsync(model._preprocess(pixels));
  assert.equal(labels[probabilities.indexOf(Math.max(...probabilities))], name);
  console.log(`ok a prediction of ${name}`);
}
