// The SDKs for JavaScript (training 5.2.0, prediction 5.1.2), from where they are installed.
import assert from 'node:assert/strict';
import { createReadStream, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';

const installed = createRequire(path.join(process.env.PACKAGES, 'package.json'));
const { TrainingAPIClient } = installed('@azure/cognitiveservices-customvision-training');
const { PredictionAPIClient } = installed('@azure/cognitiveservices-customvision-prediction');
const { ApiKeyCredentials } = installed('@azure/ms-rest-js');

const { ENDPOINT, KEY, PICTURES } = process.env;
const CLASSES = process.env.CLASSES.split(',');
const COUNT = Number(process.env.COUNT);
const trainer = new TrainingAPIClient(new ApiKeyCredentials({ inHeader: { 'Training-key': KEY } }), ENDPOINT);
const predictor = new PredictionAPIClient(new ApiKeyCredentials({ inHeader: { 'Prediction-key': KEY } }), ENDPOINT);

const file = (name, number) => path.join(PICTURES, `${name}-${number}.png`);
const expect = (what, found, wanted) => {
  assert.deepEqual(found, wanted, what);
  console.log(`ok ${what}`);
};

const project = await trainer.createProject(`npm ${Date.now()}`, { classificationType: 'Multilabel' });
const tags = {};
for (const name of CLASSES) tags[name] = (await trainer.createTag(project.id, name)).id;
for (const name of CLASSES) {
  const options = { tagIds: [tags[name]] };
  const buffer = await trainer.createImagesFromData(project.id, readFileSync(file(name, 0)), options);
  expect(
    `${name} as a buffer`,
    buffer.images.map(({ status }) => status),
    ['OK'],
  );
  // Chunked: its length is not said.
  const stream = await trainer.createImagesFromData(project.id, () => createReadStream(file(name, 1)), options);
  expect(
    `${name} as a stream`,
    stream.images.map(({ status }) => status),
    ['OK'],
  );
  const images = Array.from({ length: COUNT - 4 }, (_, i) => ({
    name: `${i}.png`,
    contents: readFileSync(file(name, i + 2)),
  }));
  const batch = await trainer.createImagesFromFiles(project.id, { images, tagIds: [tags[name]] });
  expect(`${name} in a batch`, batch.isBatchSuccessful, true);
}
expect('images', (await trainer.getTaggedImageCount(project.id)).body, CLASSES.length * (COUNT - 2));
let iteration = await trainer.trainProject(project.id);
while (!['Completed', 'Failed'].includes(iteration.status)) {
  await new Promise((resolve) => setTimeout(resolve, 500));
  iteration = await trainer.getIteration(project.id, iteration.id);
}
expect('the training', iteration.status, 'Completed');
await trainer.publishIteration(project.id, iteration.id, 'model', '/subscriptions/here');
for (const name of CLASSES) {
  const picture = readFileSync(file(name, COUNT - 1));
  const { predictions } = await predictor.classifyImage(project.id, 'model', picture);
  expect(`a prediction of ${name}`, predictions[0].tagName, name);
}
await trainer.unpublishIteration(project.id, iteration.id);
await trainer.deleteProject(project.id);
await assert.rejects(trainer.getProject(project.id), { statusCode: 404 });
console.log('ok the project is gone');
