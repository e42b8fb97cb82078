import { eventually } from '@pentaprism/testing';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';

const COMMANDS = ['chromium', 'chromium-browser', 'google-chrome'];

/** Returns the path of a Chromium of this machine. */
export function findChromium(): string | undefined {
  const directories = (process.env['PATH'] ?? '').split(path.delimiter).filter((each) => path.isAbsolute(each));
  const candidates = COMMANDS.flatMap((command) => directories.map((directory) => path.join(directory, command)));
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Starts a Chromium without a window. Its sandbox would need rights that containers do not have. */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** A picture that a page shows. Its size is that of the decoded pixels, and 0 until there are any. */
export interface ShownPicture {
  readonly naturalWidth: number;
  readonly naturalHeight: number;
}

/** Returns all pictures of TensorBoard's image dashboard, in a page or in the frames of it. */
async function picturesOf(page: Page): Promise<ShownPicture[]> {
  // Runs in the browser, whose types are not those of these tests.
  const sizesOf = (images: unknown): ShownPicture[] =>
    (images as ShownPicture[]).map(({ naturalWidth, naturalHeight }) => ({ naturalWidth, naturalHeight }));
  const found = await Promise.all(
    page.frames().map((frame) => frame.locator('tf-image-loader img').evaluateAll(sizesOf)),
  );
  return found.flat();
}

/** Returns the pictures of TensorBoard's image dashboard as soon as this many are decoded. */
export async function decodedPictures(page: Page, count: number): Promise<ShownPicture[]> {
  return eventually(async () => {
    const decoded = (await picturesOf(page)).filter(({ naturalWidth }) => naturalWidth > 0);
    if (decoded.length < count) throw new Error(`${decoded.length} of ${count} pictures are shown`);
    return decoded;
  });
}
