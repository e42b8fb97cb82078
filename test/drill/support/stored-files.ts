import { createHash } from 'node:crypto';
import { readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';

export const DAMAGES = ['flipped', 'cut', 'emptied', 'longer', 'removed'] as const;
export type Damage = (typeof DAMAGES)[number];

/** The files of an area of the blob store by their sha256. */
export async function filesOf(root: string, area: string): Promise<Map<string, string>> {
  const entries = await readdir(path.join(root, 'blobs', area), { recursive: true, withFileTypes: true });
  return new Map(
    entries.filter((entry) => entry.isFile()).map((entry) => [entry.name, path.join(entry.parentPath, entry.name)]),
  );
}

/** @param place where a byte is changed, as a share of the file */
export async function harm(file: string, damage: Damage, place: number): Promise<void> {
  if (damage === 'removed') return rm(file);
  const bytes = await readFile(file);
  if (damage === 'cut') return truncate(file, bytes.length - 1);
  if (damage === 'emptied') return truncate(file, 0);
  if (damage === 'longer') return writeFile(file, Buffer.concat([bytes, Buffer.of(0)]));
  const at = Math.floor(place * bytes.length);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  await writeFile(file, bytes);
}

/** Whether the file is there and has the bytes that its name stands for. */
export async function isRight(file: string): Promise<boolean> {
  const bytes = await readFile(file).catch(() => undefined);
  return bytes !== undefined && createHash('sha256').update(bytes).digest('hex') === path.basename(file);
}
