import { Inject, Injectable } from '@nestjs/common';
import { TIMESTAMP_SLACK_MS, type BlobStore } from '@pentaprism/blob-store';
import {
  EVENT_UPLOADS_AREA,
  pushedLogContracts,
  type ParsedRequestOf,
  type PushedFile,
  type ResponseOf,
} from '@pentaprism/contracts';
import { DomainError, systemNow } from '@pentaprism/domain';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE } from '@pentaprism/service';
import { EventLogRepository, type NamedRun } from '../event-logs/event-log.repository.js';
import { LoggedRuns } from '../event-logs/logged-runs.usecase.js';
import { ReadRuns } from '../event-logs/read-runs.usecase.js';
import { PushedPiece, wrongOffset } from './pushed-piece.js';

type Contracts = typeof pushedLogContracts;
type Append = ParsedRequestOf<Contracts['append']>;

/** Milliseconds that a call begins passes. The last one takes 10 s. */
const READING_MS = 10_000;

/** Takes event files from clients that push them. */
@Injectable()
export class PushLogs {
  constructor(
    private readonly repository: EventLogRepository,
    private readonly reader: ReadRuns,
    private readonly runs: LoggedRuns,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(LOGGER) private readonly logger: Pick<Logger, 'warn'>,
  ) {}

  /** @throws DomainError CONFLICT */
  async offset(workspace: string, { run, file }: PushedFile): Promise<ResponseOf<Contracts['offset']>> {
    const known = (await this.#find(workspace, run))?.files.find(({ name }) => name === file);
    return { offset: known?.offset ?? 0, ended: known?.ended ?? null };
  }

  /**
   * Reads a piece, and removes it unless there is more to read of it.
   *
   * @throws DomainError CONFLICT; FAILED_PRECONDITION; STORAGE_FULL; UNAVAILABLE
   */
  async append(workspace: string, request: Append): Promise<ResponseOf<Contracts['append']>> {
    const beganAt = systemNow();
    let hasMore = false;
    try {
      const appended = await this.#append(workspace, request);
      hasMore = appended.hasMore;
      return appended;
    } finally {
      if (!hasMore) await this.#discard(workspace, request, beganAt);
    }
  }

  /** @throws DomainError NOT_FOUND; CONFLICT */
  async deleteRun(workspace: string, run: string): Promise<void> {
    const known = await this.#find(workspace, run);
    const removed = known ? await this.runs.remove(workspace, 'pushed', [run]) : 0;
    if (removed === 0) throw new DomainError('NOT_FOUND', 'There is no run of this name.');
  }

  async #append(workspace: string, request: Append): Promise<ResponseOf<Contracts['append']>> {
    const { run, file } = request;
    const { offset, ended } = await this.offset(workspace, request);
    if (offset !== request.offset) throw wrongOffset(offset);
    if (ended !== null) throw new DomainError('FAILED_PRECONDITION', ended);
    const piece = new PushedPiece(this.blobs, workspace, request);
    // Before a new run is stored.
    await piece.requireBytes();
    const source = { workspace, name: run, files: [piece] };
    const until = systemNow() + READING_MS;
    const [progress] = await this.reader.read('pushed', [source], () => systemNow() > until);
    if (progress?.error !== undefined) throw progress.error;
    const refused = progress?.refused ?? null;
    if (refused !== null) throw new DomainError('FAILED_PRECONDITION', refused);
    const read = progress?.files.find(({ name }) => name === file);
    return { offset: read?.offset ?? offset, hasMore: progress?.hasMore ?? false };
  }

  /** @throws DomainError CONFLICT if the run is one of the log directory */
  async #find(workspace: string, run: string): Promise<NamedRun | undefined> {
    const [known] = await this.repository.findRuns(workspace, [run]);
    if (known && known.origin !== 'pushed')
      throw new DomainError('CONFLICT', 'The log directory has a run of this name.');
    return known;
  }

  /**
   * Removes a piece that was put before the call began, also a moment before. One that another client has put since then has to stay
   * for that client's call. What stays or cannot be removed is swept later.
   */
  async #discard(workspace: string, { piece: { sha256 } }: Append, beganAt: number): Promise<void> {
    try {
      const unusedSince = new Date(beganAt + TIMESTAMP_SLACK_MS);
      await this.blobs.removeIfUnusedSince({ area: EVENT_UPLOADS_AREA, workspace, sha256 }, unusedSince);
    } catch (error) {
      this.logger.warn({ err: error, workspace, sha256 }, 'pushed logs: a piece that was read cannot be removed');
    }
  }
}
