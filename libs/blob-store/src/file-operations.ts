import * as promises from 'node:fs/promises';

/** The system calls that the adapter makes; tests replace them to record the order, to fail, and to stop between two. */
export type FileOperations = Pick<
  typeof promises,
  'link' | 'mkdir' | 'open' | 'readdir' | 'rename' | 'stat' | 'statfs' | 'unlink'
>;

export const NODE_FILES: FileOperations = promises;

/** Makes the entries of a directory durable: a rename is lost with the power until this returns. */
export async function syncDirectory(files: FileOperations, path: string): Promise<void> {
  const handle = await files.open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
