import type { BlobStore } from '@pentaprism/blob-store';
import type { ContentReference } from '@pentaprism/contracts';
import { DomainError, MAX_MODEL_FILE_BYTES } from '@pentaprism/domain';
import type { JobControl } from '@pentaprism/jobs';
import { Turn } from './datasets/turn.js';

/** Milliseconds of work that a later attempt may have to do again: storing a part costs some of them. */
const KEEP_EVERY_MS = 1000;

/** Where the parts of trainings and predictions lie. */
const AREA = 'models';

/**
 * What the attempts of a job store for later ones, so that a job whose worker was lost, or that let others go first, goes on where
 * it stopped. The files are removed some time after the job has ended.
 */
export class JobParts {
  readonly #turn = new Turn();
  #keptAt = performance.now();

  constructor(
    private readonly blobs: BlobStore,
    private readonly control: JobControl,
  ) {}

  /** The names of what earlier attempts have stored. */
  get names(): string[] {
    return [...this.control.parts.keys()];
  }

  /** Whether so much was computed since the last part was kept that it is worth keeping. */
  get isDue(): boolean {
    return performance.now() - this.#keptAt > KEEP_EVERY_MS;
  }

  /** Begins the turn of this attempt, with the first work that is kept. */
  begin(): void {
    this.#turn.begin();
    this.#keptAt = performance.now();
  }

  /** Returns the file of a part of an earlier attempt; undefined if there is none. */
  fileOf(name: string): ContentReference | undefined {
    return this.control.parts.get(name);
  }

  /** Returns the bytes of a part of an earlier attempt; undefined if there is none or its file is lost. */
  async read(name: string): Promise<Uint8Array | undefined> {
    const file = this.fileOf(name);
    if (!file) return undefined;
    const { sha256, size } = file;
    try {
      const key = { area: AREA, workspace: this.control.workspace, sha256 };
      return await this.blobs.read(key, { size, maxBytes: MAX_MODEL_FILE_BYTES });
    } catch (error) {
      if (DomainError.is(error, 'NOT_FOUND') || DomainError.is(error, 'DATA_LOSS')) return undefined;
      throw error;
    }
  }

  /** Stores bytes and keeps them as a part, then throws `LetOthersGoFirst` if it is time to. Returns the file. */
  async keep(name: string, bytes: Uint8Array, mediaType = 'application/octet-stream'): Promise<ContentReference> {
    const file = await this.store(bytes, mediaType);
    await this.control.checkpoint({ name, file });
    this.#keptAt = performance.now();
    await this.letOthersGoFirst();
    return file;
  }

  /** Stores bytes as a file. */
  async store(bytes: Uint8Array, mediaType = 'application/octet-stream'): Promise<ContentReference> {
    const { workspace, signal } = this.control;
    const options = { maxBytes: MAX_MODEL_FILE_BYTES, signal };
    const { sha256, size } = await this.blobs.put(AREA, workspace, bytes, options);
    return { sha256, size, mediaType };
  }

  /** Throws `LetOthersGoFirst` if it is time to. To be called when what was computed is kept elsewhere. */
  letOthersGoFirst(): Promise<void> {
    return this.#turn.letOthersGoFirst(this.control);
  }
}
