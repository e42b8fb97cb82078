import type { KnownRun, LoggedRuns } from '../event-logs/logged-runs.usecase.js';
import type { ReadRuns } from '../event-logs/read-runs.usecase.js';
import type { FileProgress, RunOrigin, RunProgress, RunSource } from '../event-logs/run-source.js';

interface MemoryRun {
  /** The bytes of each file, decoded. */
  readonly files: Map<string, { readonly identity: string; text: string }>;
}

/** Records of runs in memory. Each byte is an event. */
export class MemoryRunRecords implements Pick<ReadRuns, 'read'>, Pick<LoggedRuns, 'list' | 'remove'> {
  readonly runs = new Map<string, MemoryRun>();
  /** The runs of each call of `read`. */
  readonly calls: string[][] = [];
  readonly removed: string[] = [];
  /** Bytes that were read. */
  bytes = 0;
  /** Fails calls while it is set. */
  failure: Error | undefined;
  /** Awaited before each run. */
  before: (run: string) => Promise<void> = () => Promise.resolve();

  /** The text of each file of the runs. */
  get shown(): Record<string, Record<string, string>> {
    const textOf = ({ files }: MemoryRun) =>
      Object.fromEntries([...files].map(([name, { text }]) => [name, text] as const));
    return Object.fromEntries([...this.runs].map(([name, run]) => [name, textOf(run)]));
  }

  async read(_: RunOrigin, runs: readonly RunSource[], stopped: () => boolean = () => false): Promise<RunProgress[]> {
    this.calls.push(runs.map(({ name }) => name));
    const progress: RunProgress[] = [];
    for (const run of runs) {
      if (stopped()) progress.push(this.progressOf(run, { hasMore: true }));
      else progress.push(await this.readRun(run));
    }
    return progress;
  }

  list(): Promise<KnownRun[]> {
    return Promise.resolve(
      [...this.runs].map(([name, run]) => ({ name, isHidden: false, files: progressOfFiles(run) })),
    );
  }

  remove(_workspace: string, _origin: RunOrigin, names: readonly string[]): Promise<number> {
    this.removed.push(...names);
    for (const name of names) this.runs.delete(name);
    return Promise.resolve(names.length);
  }

  private async readRun(source: RunSource): Promise<RunProgress> {
    await this.before(source.name);
    if (this.failure) throw this.failure;
    const run = this.runs.get(source.name) ?? { files: new Map() };
    this.runs.set(source.name, run);
    let error: unknown;
    for (const { name, identity, read } of source.files) {
      const text = run.files.get(name)?.text ?? '';
      const file = { identity, text };
      run.files.set(name, file);
      try {
        for await (const piece of read(text.length, null)) {
          this.bytes += piece.length;
          file.text += Buffer.from(piece).toString();
        }
      } catch (thrown) {
        error ??= thrown;
      }
    }
    return this.progressOf(source, error === undefined ? {} : { error });
  }

  private progressOf(source: RunSource, more: Partial<RunProgress>): RunProgress {
    const run = this.runs.get(source.name);
    const { workspace, name } = source;
    return { workspace, name, files: run ? progressOfFiles(run) : [], hasMore: false, refused: null, ...more };
  }
}

function progressOfFiles({ files }: MemoryRun): FileProgress[] {
  return [...files].map(([name, { identity, text }]) => {
    const offset = text.length;
    return { name, identity, offset, awaitedSize: offset + 1, ended: null };
  });
}
