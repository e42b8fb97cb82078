/**
 * A process that makes pictures of photos, in which SVG may be read: { archive, every }. It writes an archive with a folder for each
 * variant, and answers with what each file has to be found for.
 */
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { Zip, ZipPassThrough } from 'fflate';
import { pictureOf, VARIANTS } from './quality-pictures.mjs';
import { realPhotos } from './real-photos.mjs';

const [{ archive, every }] = await once(process, 'message');
const output = createWriteStream(archive);
const zip = new Zip((error, chunk) => (error ? output.destroy(error) : output.write(chunk)));
const files = [];

async function add(file, bytes, truth) {
  const entry = new ZipPassThrough(file);
  zip.add(entry);
  entry.push(bytes, true);
  files.push({ file, ...truth });
  if (output.writableNeedDrain) await once(output, 'drain');
}

/** A photo that is there three times, the third time with another class. */
const copiesOf = (name) => [
  [`copied/${name}.jpg`, []],
  [`copied/${name} again.jpg`, ['duplicate']],
  [`leaked/${name}.jpg`, ['duplicate', 'leakage']],
];
/** The same photo, other bytes. */
const changed = (bytes) => Buffer.concat([bytes, Buffer.of(0)]);

for (const [seed, { name, bytes }] of realPhotos().entries()) {
  await add(`untouched/${name}.jpg`, bytes, { variant: 'untouched', bad: [], also: [] });
  if (seed % every > 0) continue;
  for (const [file, bad] of copiesOf(name))
    await add(file, changed(bytes), { variant: path.dirname(file), bad, also: [] });
  const picture = await pictureOf(bytes, seed);
  for (const { name: variant, bad, also = [], make } of VARIANTS)
    await add(path.posix.join(variant, `${name}.jpg`), await make(picture), { variant, bad, also });
}
zip.end();
output.end();
await once(output, 'close');
process.send(files);
await once(process, 'disconnect');
