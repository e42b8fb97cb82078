import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { Bus, sendSignal } from '@pentaprism/bus';
import { eventLogChanged } from '@pentaprism/contracts';
import { Transactions } from '@pentaprism/database';
import { systemDate } from '@pentaprism/domain';
import type { mongo, Model } from 'mongoose';
import { LOGGED_RUN_MODEL, type LoggedRunDocument } from './event-log.schema.js';
import { EventLogRepository } from './event-log.repository.js';
import type { FileProgress, RunOrigin } from './run-source.js';

/** A run as it was read last. */
export interface KnownRun {
  readonly name: string;
  readonly isHidden: boolean;
  readonly files: readonly FileProgress[];
}

/** Lists the runs of a workspace that have one origin, and takes them away. */
@Injectable()
export class LoggedRuns {
  constructor(
    @InjectModel(LOGGED_RUN_MODEL) private readonly runs: Model<LoggedRunDocument>,
    private readonly repository: EventLogRepository,
    private readonly transactions: Transactions,
    private readonly bus: Bus,
  ) {}

  async list(workspace: string, origin: RunOrigin): Promise<KnownRun[]> {
    const runs = await this.repository.findRuns(workspace);
    return runs.flatMap(({ name, isHidden, files, ...run }) =>
      run.origin === origin ? { name, isHidden, files: files.map(progressOf) } : [],
    );
  }

  /**
   * Takes runs away for good. What arrives under their names later are new runs. Their records are removed later.
   *
   * @returns how many there were
   */
  remove(workspace: string, origin: RunOrigin, names: readonly string[]): Promise<number> {
    return this.#set(workspace, { origin, name: { $in: [...names] } }, { removedAt: systemDate() });
  }

  /** Stops showing runs whose place cannot be seen, until they are shown again or their time is up. */
  hide(workspace: string, origin: RunOrigin): Promise<number> {
    return this.#set(workspace, { origin, hiddenAt: null }, { hiddenAt: systemDate() });
  }

  /** Shows hidden runs again, as far as they were read. */
  show(workspace: string, origin: RunOrigin): Promise<number> {
    return this.#set(workspace, { origin, hiddenAt: { $type: 'date' } }, { hiddenAt: null });
  }

  /** Counts a version, so that a pass that is under way does not undo it. */
  async #set(workspace: string, filter: mongo.Filter<LoggedRunDocument>, set: object): Promise<number> {
    const changed = await this.transactions.runInTurn([`event-log/${workspace}`], async (session) => {
      const { matchedCount } = await this.runs.collection.updateMany(
        { workspace, removedAt: null, ...(filter as object) },
        { $set: set, $inc: { version: 1 } },
        { session },
      );
      if (matchedCount > 0) await this.repository.changed(workspace, session);
      return matchedCount;
    });
    if (changed > 0) sendSignal(this.bus.connection, eventLogChanged, { workspace });
    return changed;
  }
}

function progressOf({ name, identity, offset, awaitedSize, ended }: FileProgress): FileProgress {
  return { name, identity, offset, awaitedSize, ended };
}
