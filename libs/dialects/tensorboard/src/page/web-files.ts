import { stat } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { readWebArchive, UnfitArchive, WebFile } from './web-archive.js';
import type { PageAddress } from './page-address.js';

const zip = promisify<Buffer, Buffer>(gzip);

/** The page within the archive. */
const INDEX = 'index.html';

/** Milliseconds for which an archive that cannot be used is not read again, unless it changes. */
export const UNFIT_MS = 5000;

/** Why there are no files: no variable names an archive, none is at its path, or what is there is unfit. */
export type Missing = 'unnamed' | 'absent' | 'unfit';

type Files = ReadonlyMap<string, WebFile>;

/** TensorBoard's frontend, from the archive `webfiles.zip` of its package. */
export class WebFiles {
  private reading: Promise<Files | Missing> | undefined;
  private readonly pages = new Map<PageAddress['root'], Promise<WebFile>>();
  private lastProblem = '';
  /** The archive that could not be used last, and until when that is taken for granted. */
  private unfit = { version: '', until: 0 };

  /**
   * @param path of the archive, which may appear later
   * @param onProblem called once with the reason why an archive cannot be used
   */
  constructor(
    private readonly path: string | undefined,
    private readonly onProblem: (problem: string) => void = () => undefined,
    private readonly now = () => performance.now(),
  ) {}

  /**
   * Returns a file of the frontend.
   * @returns undefined if the archive has no such file
   */
  async find(name: string): Promise<WebFile | Missing | undefined> {
    const files = await this.files();
    return typeof files === 'string' ? files : files.get(name);
  }

  /** Returns the page, which contains the way to the root of its URLs. */
  async page(root: PageAddress['root']): Promise<WebFile | Missing> {
    const index = await this.find(INDEX);
    if (!(index instanceof WebFile)) return index ?? 'unfit';
    const kept = this.pages.get(root) ?? pageWithRoot(index, root);
    this.pages.set(root, kept);
    return kept;
  }

  /** Reads the archive once. An archive that cannot be used is read again after it has changed, or some seconds later. */
  private async files(): Promise<Files | Missing> {
    this.reading ??= this.read();
    const { reading } = this;
    const files = await reading;
    if (typeof files === 'string' && this.reading === reading) this.reading = undefined;
    return files;
  }

  private async read(): Promise<Files | Missing> {
    if (this.path === undefined) return 'unnamed';
    const version = await versionOf(this.path);
    if (this.unfit.version === version && this.now() < this.unfit.until) return 'unfit';
    try {
      const files = await readWebArchive(this.path);
      if (files === undefined) return 'absent';
      if (!files.has(INDEX)) throw new UnfitArchive(`it has no ${INDEX}`);
      return files;
    } catch (error) {
      const problem = `TENSORBOARD_WEBFILES names ${this.path}, which cannot be used: ${(error as Error).message}`;
      if (problem !== this.lastProblem) this.onProblem(problem);
      this.lastProblem = problem;
      this.unfit = { version, until: this.now() + UNFIT_MS };
      return 'unfit';
    }
  }
}

/** The frontend requests the runs of an experiment below this root. */
async function pageWithRoot(index: WebFile, root: PageAddress['root']): Promise<WebFile> {
  const meta = Buffer.from(`<!doctype html><meta name="tb-relative-root" content="${root}">`);
  const page = Buffer.concat([meta, await index.inflated()]);
  return new WebFile(await zip(page), page.length);
}

/** Returns a text that changes with a file. */
async function versionOf(path: string): Promise<string> {
  try {
    const { mtimeMs, size } = await stat(path);
    return `${mtimeMs} ${size}`;
  } catch (error) {
    return String((error as NodeJS.ErrnoException).code);
  }
}
