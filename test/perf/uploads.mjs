import path from 'node:path';
import { runDirectly } from './direct.mjs';
import { makePhotos } from './photos.mjs';
import { forEach, until } from './system.mjs';
import { number, percent } from './table.mjs';

const PHOTOS = 300;
const WARM_UP = 16;
const CONNECTIONS = 16;
const LIMIT_MS = 120_000;

/** Uploads until all are acknowledged and until all are analysed, against sharp alone on the same files. */
export async function uploads(system) {
  const { name: workspace, client } = await system.workspace('bench-uploads');
  const photos = await makePhotos(path.join(system.directory.path, '../photos'), WARM_UP + PHOTOS);
  const bodies = photos.map(({ bytes }, i) =>
    Buffer.from(JSON.stringify({ filename: `${i}.jpg`, image_data: bytes.toString('base64'), tags: ['bench'] })),
  );
  const upload = async (body) => {
    const { status, text } = await client.send('POST', '/v1/upload', body);
    if (status !== 201) throw new Error(`an upload was answered with ${status} ${text}`);
  };
  const contents = system.database.collection('contents');
  const analysed = (count) => async () => (await contents.countDocuments({ workspace, state: 'decoded' })) === count;
  await forEach(bodies.slice(0, WARM_UP), CONNECTIONS, upload);
  await until(analysed(WARM_UP), LIMIT_MS);

  const startedAt = performance.now();
  const seconds = () => (performance.now() - startedAt) / 1000;
  await forEach(bodies.slice(WARM_UP), CONNECTIONS, upload);
  const acknowledged = PHOTOS / seconds();
  await until(analysed(WARM_UP + PHOTOS), LIMIT_MS);
  const rate = PHOTOS / seconds();

  const files = photos.slice(WARM_UP).map(({ path: file }) => ({ path: file }));
  const direct = PHOTOS / (await runDirectly('analyse', files));
  const kilobytes = number(photos.reduce((sum, { bytes }) => sum + bytes.length, 0) / photos.length / 1000);
  const alone = `sharp alone: ${number(direct, 1)}/s`;
  return [
    {
      name: `uploads of ${kilobytes} kB photos, ${CONNECTIONS} connections, until analysed`,
      figure: `${number(rate, 1)}/s`,
      comparedWith: alone,
      ratio: percent(rate, direct),
    },
    {
      name: 'the same, until acknowledged (while photos are analysed)',
      figure: `${number(acknowledged, 1)}/s`,
      comparedWith: alone,
      ratio: percent(acknowledged, direct),
    },
  ];
}
