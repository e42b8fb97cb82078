import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { readWebArchive, UnfitArchive, WebFile } from './web-archive.js';
import type { PageAddress } from './page-address.js';

const zip = promisify<Buffer, Buffer>(gzip);

/** The page within the archive. */
const INDEX = 'index.html';

/** Why there are no files: no variable names an archive, none is at its path, or what is there is unfit. */
export type Missing = 'unnamed' | 'absent' | 'unfit';

type Files = ReadonlyMap<string, WebFile>;

/** TensorBoard's frontend, from the archive `webfiles.zip` of its package. */
export class WebFiles {
  private reading: Promise<Files | Missing> | undefined;
  private readonly pages = new Map<PageAddress['root'], Promise<WebFile>>();
  private lastProblem = '';

  /**
   * @param path of the archive, which may appear later
   * @param onProblem hears once why an archive cannot be used
   */
  constructor(
    private readonly path: string | undefined,
    private readonly onProblem: (problem: string) => void = () => undefined,
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

  /** Reads the archive once. An archive that cannot be used is read again at the next request. */
  private async files(): Promise<Files | Missing> {
    this.reading ??= this.read();
    const files = await this.reading;
    if (typeof files === 'string') this.reading = undefined;
    return files;
  }

  private async read(): Promise<Files | Missing> {
    if (this.path === undefined) return 'unnamed';
    try {
      const files = await readWebArchive(this.path);
      if (files === undefined) return 'absent';
      if (!files.has(INDEX)) throw new UnfitArchive(`it has no ${INDEX}`);
      return files;
    } catch (error) {
      const problem = `TENSORBOARD_WEBFILES names ${this.path}, which cannot be used: ${(error as Error).message}`;
      if (problem !== this.lastProblem) this.onProblem(problem);
      this.lastProblem = problem;
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
