import type { BlobStore } from '@pentaprism/blob-store';
import type { ContentReference } from '@pentaprism/contracts';
import { DomainError, MAX_MODEL_FILE_BYTES } from '@pentaprism/domain';
import type { JobControl } from '@pentaprism/jobs';
import { Turn, type BeforeGivingWay } from './datasets/turn.js';

/** Milliseconds of work that a later attempt may have to do again: storing a part costs some of them. */
const KEEP_EVERY_MS = 1000;

const CHUNK_BYTES = 1024 ** 2;

/** Where the parts of trainings and predictions lie. */
const AREA = 'models';

/**
 * What the attempts of a job store for later ones, so that a job whose worker was lost, or that let others go first, goes on where
 * it stopped. The files are removed some time after the job has ended.
 */
export class JobParts {
  readonly #turn = new Turn();
  #keptAt = performance.now();
  #beforehand: BeforeGivingWay | undefined;

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
    const key = { area: AREA, workspace: this.control.workspace, sha256 };
    return found<Uint8Array | undefined>(
      () => this.blobs.read(key, { size, maxBytes: MAX_MODEL_FILE_BYTES }),
      undefined,
    );
  }

  /**
   * Returns the decoded part of an earlier attempt; undefined if there is none, its file is lost, or it cannot be decoded, such as one of
   * another version. It is computed again then.
   */
  async decoded<T>(name: string, decode: (bytes: Uint8Array) => T): Promise<T | undefined> {
    const bytes = await this.read(name);
    if (!bytes) return undefined;
    try {
      return decode(bytes);
    } catch {
      return undefined;
    }
  }

  /** Reads a part of an earlier attempt into memory of zeros of its size. Returns whether there is one; if not, all is zero again. */
  async readInto(name: string, target: Uint8Array): Promise<boolean> {
    const file = this.fileOf(name);
    if (file?.size !== target.length) return false;
    const key = { area: AREA, workspace: this.control.workspace, sha256: file.sha256 };
    const isRead = await found(async () => {
      let at = 0;
      for await (const chunk of await this.blobs.open(key, { size: file.size })) {
        target.set(chunk as Uint8Array, at);
        at += (chunk as Uint8Array).length;
      }
      return true;
    }, false);
    if (!isRead) target.fill(0);
    return isRead;
  }

  /** Stores bytes and keeps them as a part. Returns the file. */
  async keep(name: string, bytes: Uint8Array, mediaType = 'application/octet-stream'): Promise<ContentReference> {
    const file = await this.store(bytes, mediaType);
    await this.control.checkpoint({ name, file });
    this.#keptAt = performance.now();
    return file;
  }

  /** As `keep`, for more bytes than there may be in a file of a model. They may be in memory that threads share. */
  async keepLarge(name: string, bytes: Uint8Array): Promise<void> {
    const { workspace, signal } = this.control;
    const { sha256, size } = await this.blobs.put(AREA, workspace, chunksOf(bytes), { maxBytes: bytes.length, signal });
    await this.control.checkpoint({ name, file: { sha256, size, mediaType: 'application/octet-stream' } });
  }

  /** Notes how far the job has come with something. */
  async note(topic: string, text: string): Promise<void> {
    await this.control.checkpoint({ name: `${topic} ${text}` });
  }

  /** Returns what an earlier attempt noted last; undefined if nothing was noted. */
  noted(topic: string): string | undefined {
    const last = this.names.findLast((name) => name.startsWith(`${topic} `));
    return last?.slice(topic.length + 1);
  }

  /** Stores bytes as a file. */
  async store(bytes: Uint8Array, mediaType = 'application/octet-stream'): Promise<ContentReference> {
    const { workspace, signal } = this.control;
    const options = { maxBytes: MAX_MODEL_FILE_BYTES, signal };
    const { sha256, size } = await this.blobs.put(AREA, workspace, bytes, options);
    return { sha256, size, mediaType };
  }

  /** Sets what keeps more if the job gives way. It replaces what was set before. */
  beforeGivingWay(keep: BeforeGivingWay): void {
    this.#beforehand = keep;
  }

  /** Throws `LetOthersGoFirst` if it is time to. To be called when what was computed is kept. */
  letOthersGoFirst(): Promise<void> {
    return this.#turn.letOthersGoFirst(this.control, this.#beforehand);
  }
}

/** Returns `absent` if a file is lost: what was in it is computed again. */
async function found<T>(read: () => Promise<T>, absent: T): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (DomainError.is(error, 'NOT_FOUND') || DomainError.is(error, 'DATA_LOSS')) return absent;
    throw error;
  }
}

/** Copies of the bytes, some at a time: memory that threads share cannot be written to a file. */
async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.slice(at, at + CHUNK_BYTES);
}
