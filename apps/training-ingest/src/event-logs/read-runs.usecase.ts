import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus, sendSignal } from '@pentaprism/bus';
import { EVENT_IMAGES_AREA, eventLogChanged } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { LOGGER, metrics, type Logger } from '@pentaprism/observability';
import { BLOB_STORE } from '@pentaprism/service';
import { TRAINING_INGEST_CONFIG, type TrainingIngestConfig } from '../config/config.js';
import { EventLogRepository, type NamedRun } from './event-log.repository.js';
import { Pass, type Turn } from './pass.js';
import { PassRecords } from './pass-records.js';
import { Reading } from './reading.js';
import type { RunOrigin, RunProgress, RunSource } from './run-source.js';
import { hasNews, isReplaced, RunUpdate, type StoredRun } from './run-update.js';

/** Passes in a row that are dropped because others were stored first. Each of those has made progress. */
const MAX_OVERTAKEN = 50;

/** Reads what is new in event files, samples it, and stores the images that are kept. */
@Injectable()
export class ReadRuns {
  constructor(
    private readonly repository: EventLogRepository,
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(TRAINING_INGEST_CONFIG) private readonly config: TrainingIngestConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * Reads all that is new in the files of runs, in as many passes as it takes. Several callers may read the same runs at
   * once: what they store is the same as if one had read them.
   *
   * A file that cannot be read does not keep the others from being read. Runs that were hidden are shown again.
   *
   * @param stopped asked between passes
   * @throws DomainError UNAVAILABLE, STORAGE_FULL. What earlier passes have stored stays.
   */
  async read(
    origin: RunOrigin,
    runs: readonly RunSource[],
    stopped: () => boolean = () => false,
  ): Promise<RunProgress[]> {
    const progress: RunProgress[] = [];
    for (const workspace of new Set(runs.map((run) => run.workspace))) {
      const own = runs.filter((run) => run.workspace === workspace);
      progress.push(...(await this.#readWorkspace(new Reading(workspace, origin, own), stopped)));
    }
    return progress;
  }

  async #readWorkspace(reading: Reading, stopped: () => boolean): Promise<readonly RunProgress[]> {
    for (let overtaken = 0; reading.isUnfinished && !stopped();) {
      const { workspace, stale } = reading;
      reading.update(await this.repository.findRuns(workspace, stale), await this.repository.countRuns(workspace));
      const pass = await this.#fill(reading);
      const isStored = await this.#store(reading, pass);
      if (isStored) reading.finish(pass.turns);
      else reading.repeat(pass.turns);
      overtaken = isStored ? 0 : overtaken + 1;
      if (overtaken > MAX_OVERTAKEN)
        throw new DomainError(
          'UNAVAILABLE',
          `The runs were changed by ${String(MAX_OVERTAKEN)} other passes. Try again.`,
        );
    }
    return reading.progress();
  }

  async #fill(reading: Reading): Promise<Pass> {
    const pass = new Pass();
    for (const source of reading.sources()) {
      await this.#readRun(pass, source, reading.stored(source.name), reading.origin);
      if (pass.isFull) break;
    }
    return pass;
  }

  async #readRun(pass: Pass, source: RunSource, stored: NamedRun | null, origin: RunOrigin): Promise<void> {
    const isAnew = stored !== null && origin === 'directory' && this.#isStale(stored, source);
    const turn = pass.begin(await this.#updateOf(source, isAnew ? null : stored), isAnew ? stored : null);
    await readFiles(turn, pass);
    if (turn.reach !== 'rewritten') return;
    await readFiles(pass.beginAnew(await this.#updateOf(source, null), stored), pass);
  }

  async #updateOf(source: RunSource, stored: StoredRun | null): Promise<RunUpdate> {
    const size = stored?.sampleSize ?? this.config.TENSORBOARD_SAMPLES;
    const series = stored && hasNews(stored, source) ? await this.repository.findSeries(stored) : [];
    return new RunUpdate(source, stored, series, size);
  }

  /** Returns whether a run has to be read again. One that was pushed cannot be, and goes on as it began. */
  #isStale(stored: StoredRun, source: RunSource): boolean {
    return isReplaced(stored, source) || stored.sampleSize !== this.config.TENSORBOARD_SAMPLES;
  }

  /** Returns false if another pass was stored first. Then only a blob is left, which the sweep removes. */
  async #store({ workspace, origin }: Reading, { turns }: Pass): Promise<boolean> {
    const records = new PassRecords(workspace, origin);
    for (const { update, replaced, error } of turns) records.addRun(update, replaced, error);
    if (records.isEmpty) return true;
    if (!(await this.repository.store(records, await this.#putImages(records)))) return false;
    if (records.isShown) sendSignal(this.bus.connection, eventLogChanged, { workspace });
    this.#report(records, turns);
    return true;
  }

  async #putImages({ workspace, blob }: PassRecords): Promise<{ sha256: string; size: number } | null> {
    if (blob.isEmpty) return null;
    const { sha256, size } = await this.blobs.put(EVENT_IMAGES_AREA, workspace, blob.bytes(), { maxBytes: blob.size });
    return { sha256, size };
  }

  #report({ workspace, problems }: PassRecords, turns: readonly Turn[]): void {
    for (const { runName: run, file, problem } of problems)
      this.logger.warn({ workspace, run, file, problem }, 'event logs: a part of a file cannot be read');
    for (const { update } of turns)
      for (const [kind, count] of update.problemCounts) metrics.eventLogProblems.inc({ kind }, count);
  }
}

/** Reads the files of a run until the pass is full. */
async function readFiles(turn: Turn, pass: Pass): Promise<void> {
  for (const file of turn.update.source.files) {
    try {
      turn.reach = await turn.update.read(file, () => pass.isFull);
    } catch (error) {
      turn.error ??= error;
    }
    if (turn.reach !== 'end') return;
  }
}
