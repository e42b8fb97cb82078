import { readFile } from 'node:fs/promises';
import { createModelInput } from '@pentaprism/imaging';

/** A photo of `fixtures/`, as the default backbone wants it. */
export async function fixturePixels(name: 'coffee' | 'chelsea'): Promise<Uint8Array> {
  const bytes = await readFile(new URL(`fixtures/${name}.jpg`, import.meta.url));
  return (await createModelInput(bytes, { width: 224, height: 224 })).pixels;
}
