import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { archive, filePart, petArchive } from '../../e2e/support/datasets.js';
import { wholeWithin, type DrillContext } from '../drill.js';
import { PatientClient } from './dataset-client.js';
import { forEach } from './for-each.js';
import { mutatedPicture, type WholePicture } from './mutated-pictures.js';

/** Rows of an upload, and uploads at once. */
const [ROWS, LANES] = [100, 2];
/** One mutated picture of so many is also compared with a project. */
const COMPARED_OF = 5;
/** Statuses of a comparison: with its result, or without a picture that can be decoded. */
const COMPARED = [200, 422] as const;

export interface MutatedRows {
  readonly count: number;
  /** Uploads without a row for each picture, and other answers than the expected ones. */
  readonly wrong: string[];
}

/** Uploads mutated pictures as rows of datasets and of data to predict, and compares some with the images of a project. */
export async function mutatedRows(
  faulty: FaultyStack,
  wholes: readonly WholePicture[],
  { random: randomOf, log }: Pick<DrillContext, 'random' | 'log'>,
  count: number,
): Promise<MutatedRows> {
  const [random, wrong] = [randomOf('rows'), [] as string[]];
  const client = await PatientClient.create(faulty, 'mutated-rows');
  const parts = [filePart(await petArchive())];
  const project = (await client.ask('POST', 'projects/', [202], { parts })).body;
  await client.ended(project.statusId);
  const path = `projects/${project.pid}`;
  let imported = 0;
  await forEach(Array.from({ length: Math.ceil(count / ROWS) }), LANES, async (_, index) => {
    const rows = Math.min(ROWS, count - index * ROWS);
    const pictures = Array.from({ length: rows }, () => mutatedPicture(random, wholes).bytes);
    const isData = index % 2 === 1;
    const found = isData ? await dataOf(client, path, pictures) : await datasetOf(client, pictures);
    if (found === rows) imported++;
    else wrong.push(`${isData ? 'data to predict' : 'a dataset'} of ${rows} pictures: ${found}`);
    const compared = pictures.slice(0, Math.max(1, Math.floor(rows / COMPARED_OF)));
    for (const bytes of compared) {
      const picture = [filePart(bytes, `picture-${wholeWithin(random, 0, 9)}.png`)];
      await client.ask('POST', `${path}/similarImages/`, COMPARED, { parts: picture });
    }
  });
  log(`DataRobot, rows: ${imported} uploads of at most ${ROWS} pictures imported`);
  return { count, wrong: [...wrong, ...client.wrongAnswers] };
}

/** Uploads a dataset. Returns how many rows it has, or why it has none. */
async function datasetOf(client: PatientClient, pictures: readonly Buffer[]): Promise<number | string> {
  const { body } = await client.upload(archiveOf(pictures), 'mutated.zip');
  const { status, bytes } = await client.ended(body.statusId);
  if (status !== 303) return bytes.toString();
  const dataset = await client.ask('GET', `datasets/${body.catalogId}/`, [200]);
  await client.ask('DELETE', `datasets/${body.catalogId}/`, [204]);
  return dataset.body.rowCount;
}

/** The same for data to predict. */
async function dataOf(client: PatientClient, path: string, pictures: readonly Buffer[]): Promise<number | string> {
  const parts = [filePart(archiveOf(pictures), 'mutated.zip')];
  const { body } = await client.ask('POST', `${path}/predictionDatasets/fileUploads/`, [202], { parts });
  const { status, bytes } = await client.ended(body.statusId);
  if (status !== 303) return bytes.toString();
  const data = await client.ask('GET', `${path}/predictionDatasets/${body.datasetId}/`, [200]);
  await client.ask('DELETE', `${path}/predictionDatasets/${body.datasetId}/`, [204]);
  return data.body.numRows;
}

/** Extensions are those of pictures in any case: what the bytes are decides. */
const archiveOf = (pictures: readonly Buffer[]) =>
  archive(Object.fromEntries(pictures.map((bytes, i) => [`${i % 2 === 0 ? 'even' : 'odd'}/${i}.png`, bytes])));
