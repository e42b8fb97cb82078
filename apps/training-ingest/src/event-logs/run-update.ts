import { EMPTY_RUN, EventFileReader, type EventFileItem } from '@pentaprism/event-files';
import { MAX_PROBLEM_CHARACTERS, MAX_PROBLEMS_PER_FILE } from './limits.js';
import { RunPass, type RunState } from './run-pass.js';
import type { EventFileSource, RunSource } from './run-source.js';

/** A file as earlier passes have left it. */
export interface StoredFile {
  readonly id: string;
  readonly name: string;
  readonly identity: string;
  readonly isFirst: boolean;
  readonly offset: number;
  readonly checksum: number | null;
  readonly awaitedSize: number;
  readonly ended: string | null;
  readonly problems: number;
}

/** A run as earlier passes have left it, without its series. */
export interface StoredRun {
  readonly id: string;
  readonly version: number;
  readonly sampleSize: number;
  readonly firstWallTime: number | null;
  readonly reading: RunState['reading'];
  readonly isHidden: boolean;
  readonly files: readonly StoredFile[];
}

/** A file after this pass. */
export interface FileUpdate extends Omit<StoredFile, 'id'> {
  /** Null for a file that no pass has read. */
  readonly id: string | null;
}

export type ProblemKind = 'damaged' | 'not-an-event' | 'too-long' | 'too-many' | 'left-out';

/** Something of a file that could not be read. */
export interface FileProblem {
  readonly file: string;
  readonly text: string;
}

/** Whether a file was read to its present end. `rewritten` if its run has to be read again. */
export type Reach = 'end' | 'more' | 'rewritten';

/** Bytes of the checksum at the end of a record. */
const CHECKSUM_BYTES = 4;
/** Bytes of a record without data. */
const LEAST_RECORD_BYTES = 16;

/** What a pass reads of one run. */
export class RunUpdate {
  readonly #stored: StoredRun | null;
  readonly #sampling: RunPass;
  readonly #files = new Map<string, FileUpdate>();
  readonly #changed = new Set<string>();
  readonly #problems: FileProblem[] = [];
  readonly #problemCounts = new Map<ProblemKind, number>();
  #firstWallTime: number | null;

  /**
   * @param stored what earlier passes have read, or null for a run that is read from its beginning
   * @param series of `stored`
   * @param size events that are kept of each tag, or 0 for all
   */
  constructor(
    readonly source: RunSource,
    stored: StoredRun | null,
    series: RunState['series'],
    readonly size: number,
  ) {
    this.#stored = stored;
    const { tags: _, ...empty } = EMPTY_RUN;
    this.#sampling = new RunPass({ reading: stored?.reading ?? empty, series }, size);
    this.#firstWallTime = stored?.firstWallTime ?? null;
    for (const file of stored?.files ?? []) this.#files.set(file.name, file);
    for (const file of source.files) if (!this.#files.has(file.name)) this.#addFile(file);
  }

  get stored(): StoredRun | null {
    return this.#stored;
  }

  get sampling(): RunPass {
    return this.#sampling;
  }

  get firstWallTime(): number | null {
    return this.#firstWallTime;
  }

  /** At most `MAX_PROBLEMS_PER_FILE` of each file, in all passes together. */
  get problems(): readonly FileProblem[] {
    return this.#problems;
  }

  /** All problems of this pass. */
  get problemCounts(): ReadonlyMap<ProblemKind, number> {
    return this.#problemCounts;
  }

  get files(): readonly FileUpdate[] {
    return [...this.#files.values()];
  }

  get changedFiles(): readonly FileUpdate[] {
    return this.files.filter(({ name }) => this.#changed.has(name));
  }

  /** Whether there is something to store. */
  get hasChanged(): boolean {
    return this.#stored === null || this.#stored.isHidden || this.#changed.size > 0;
  }

  /**
   * Reads what is new in a file.
   *
   * @param isFull asked after each event
   * @throws what the file's own reading throws; the events before it are read
   */
  async read(source: EventFileSource, isFull: () => boolean): Promise<Reach> {
    const file = this.#files.get(source.name);
    if (file === undefined || !isNews(file, source)) return 'end';
    // A copy that took the place of a damaged file may be whole.
    if (source.identity !== file.identity) this.#files.set(file.name, { ...file, ended: null });
    const reader = new EventFileReader(file.offset);
    const start = file.offset === 0 ? 0 : file.offset - CHECKSUM_BYTES;
    const head = new LeadingBytes(file.offset - start);
    let reach: Reach = 'end';
    try {
      for await (const piece of source.read(start, file.checksum)) {
        const rest = head.take(piece);
        if (!head.isComplete) continue;
        if (!this.#isSame(file, head)) return 'rewritten';
        if (!this.#push(reader, rest, file, isFull)) reach = 'more';
        if (reach === 'more' || this.#hasEnded(file)) break;
      }
    } finally {
      if (head.isComplete && this.#isSame(file, head)) this.#note(file, source, reader);
    }
    return head.isComplete ? reach : 'rewritten';
  }

  #isSame(file: FileUpdate, head: LeadingBytes): boolean {
    return file.offset === 0 || head.bytes.readUInt32LE() === file.checksum;
  }

  #hasEnded({ name }: FileUpdate): boolean {
    return this.#files.get(name)?.ended !== null;
  }

  /** Returns false if the pass is full. */
  #push(reader: EventFileReader, piece: Uint8Array, file: FileUpdate, isFull: () => boolean): boolean {
    try {
      for (const item of reader.push(piece)) {
        this.#take(item, file);
        if (isFull()) return false;
      }
      return true;
    } finally {
      this.#sampling.settle();
    }
  }

  #take(item: EventFileItem, { name, isFirst }: FileUpdate): void {
    if (item.kind === 'event') {
      this.#firstWallTime ??= item.event.wallTime;
      for (const problem of this.#sampling.read(item.event, isFirst)) this.#addProblem(name, 'left-out', problem);
    } else {
      this.#addProblem(name, item.kind, describe(item));
    }
  }

  #addProblem(name: string, kind: ProblemKind, text: string): void {
    const file = this.#files.get(name);
    if (file === undefined) return;
    const shown = text.slice(0, MAX_PROBLEM_CHARACTERS);
    this.#problemCounts.set(kind, (this.#problemCounts.get(kind) ?? 0) + 1);
    if (file.problems < MAX_PROBLEMS_PER_FILE) this.#problems.push({ file: name, text: shown });
    const ended = kind === 'damaged' || kind === 'not-an-event' ? shown : file.ended;
    this.#files.set(name, { ...file, ended, problems: file.problems + 1 });
    this.#changed.add(name);
  }

  #note({ name, identity, offset, checksum }: FileUpdate, source: EventFileSource, reader: EventFileReader): void {
    const file = this.#files.get(name);
    if (file === undefined) return;
    const awaitedSize = reader.awaitedEnd ?? reader.offset + LEAST_RECORD_BYTES;
    if (reader.offset === offset && source.identity === identity && awaitedSize === file.awaitedSize) return;
    this.#files.set(name, {
      ...file,
      identity: source.identity,
      offset: reader.offset,
      checksum: reader.lastChecksum ?? checksum,
      awaitedSize,
    });
    this.#changed.add(name);
  }

  #addFile({ name, identity }: EventFileSource): void {
    const isFirst = this.#files.size === 0;
    const file = { id: null, name, identity, isFirst, offset: 0, checksum: null, awaitedSize: LEAST_RECORD_BYTES };
    this.#files.set(name, { ...file, ended: null, problems: 0 });
    this.#changed.add(name);
  }
}

/** Returns whether a file has to be opened. */
function isNews(file: Omit<FileUpdate, 'id'>, { identity, size }: EventFileSource): boolean {
  if (identity !== file.identity || size < file.offset) return true;
  return file.ended === null && size >= file.awaitedSize;
}

/** Returns whether a file of a run has to be opened. */
export function hasNews({ files }: StoredRun, source: RunSource): boolean {
  const known = new Map(files.map((file) => [file.name, file]));
  return source.files.some((file) => {
    const stored = known.get(file.name);
    return stored === undefined || isNews(stored, file);
  });
}

/** Returns whether the present files of a run are other ones than those that were read. */
export function isReplaced({ files }: StoredRun, source: RunSource): boolean {
  if (files.length === 0 || source.files.length === 0) return false;
  const names = new Set(files.map(({ name }) => name));
  return !source.files.some(({ name }) => names.has(name));
}

function describe(item: Exclude<EventFileItem, { kind: 'event' }>): string {
  if (item.kind === 'too-long')
    return `The record that ends at byte ${String(item.end)} has ${String(item.length)} bytes, which is too many. It is left out.`;
  if (item.kind === 'too-many')
    return `The record that ends at byte ${String(item.end)} has more than ${String(item.most)} elements of ${item.field}. It is left out.`;
  const at = `from byte ${String(item.at)} on`;
  if (item.kind === 'damaged')
    return `The file is damaged ${at}: the checksum of the ${item.part} is wrong. Nothing more of it is read.`;
  return `The record ${at} is not an event. Nothing more of the file is read.`;
}

/** The first bytes of a file that arrives in pieces. */
class LeadingBytes {
  readonly #bytes: Buffer;
  #filled = 0;

  constructor(count: number) {
    this.#bytes = Buffer.alloc(count);
  }

  get isComplete(): boolean {
    return this.#filled === this.#bytes.length;
  }

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** Returns what remains of a piece. */
  take(piece: Uint8Array): Uint8Array {
    const taken = piece.subarray(0, this.#bytes.length - this.#filled);
    this.#bytes.set(taken, this.#filled);
    this.#filled += taken.length;
    return piece.subarray(taken.length);
  }
}
