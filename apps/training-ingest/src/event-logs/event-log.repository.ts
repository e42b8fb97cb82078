import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { isDuplicateKey, Transactions } from '@pentaprism/database';
import { systemDate } from '@pentaprism/domain';
import { Types, type ClientSession, type Model } from 'mongoose';
import {
  EVENT_LOG_MODEL,
  IMAGE_EVENT_MODEL,
  IMAGE_SERIES_MODEL,
  LOG_FILE_MODEL,
  LOG_PROBLEM_MODEL,
  LOGGED_RUN_MODEL,
  type EventLogDocument,
  type ImageEventDocument,
  type ImageSeriesDocument,
  type LogFileDocument,
  type LoggedRunDocument,
  type LogProblemDocument,
} from './event-log.schema.js';
import type { PassRecords, Restart } from './pass-records.js';
import type { RunOrigin } from './run-source.js';
import type { StoredRun } from './run-update.js';
import type { StoredEvent, StoredSeries } from './series-pass.js';
import { stepOf } from './steps.js';
import { NOT_VOID } from './void-events.js';

/** A run that has a name, of any origin. */
export interface NamedRun extends StoredRun {
  readonly name: string;
  readonly origin: RunOrigin;
}

/** Another pass over one of the runs was stored first. */
class Overtaken extends Error {}

/** Without counts if no event is left. */
interface CountedSeries {
  readonly _id: Types.ObjectId;
  readonly events?: number;
  readonly samples?: number;
}

/** Reads and writes the state of readings. */
@Injectable()
export class EventLogRepository {
  constructor(
    @InjectModel(EVENT_LOG_MODEL) private readonly logs: Model<EventLogDocument>,
    @InjectModel(LOGGED_RUN_MODEL) private readonly runs: Model<LoggedRunDocument>,
    @InjectModel(LOG_FILE_MODEL) private readonly files: Model<LogFileDocument>,
    @InjectModel(LOG_PROBLEM_MODEL) private readonly problems: Model<LogProblemDocument>,
    @InjectModel(IMAGE_SERIES_MODEL) private readonly series: Model<ImageSeriesDocument>,
    @InjectModel(IMAGE_EVENT_MODEL) private readonly events: Model<ImageEventDocument>,
    private readonly transactions: Transactions,
  ) {}

  countRuns(workspace: string): Promise<number> {
    return this.runs.countDocuments({ workspace, removedAt: null });
  }

  /** Returns the runs that have these names, or all. */
  async findRuns(workspace: string, names?: readonly string[]): Promise<NamedRun[]> {
    const named = names && { name: { $in: [...names] } };
    // Not through mongoose, which takes longer than the database.
    const runs = await this.runs.collection.find<LoggedRunDocument>({ workspace, removedAt: null, ...named }).toArray();
    const files = await this.files.collection
      .find<LogFileDocument>({ run: { $in: runs.map(({ _id }) => _id) } }, { sort: { name: 1 } })
      .toArray();
    const filesOf = grouped(files, ({ run }) => run.toHexString());
    return runs.map(({ _id, hiddenAt, ...run }) => ({
      ...run,
      id: _id.toHexString(),
      isHidden: hiddenAt !== null,
      files: (filesOf.get(_id.toHexString()) ?? []).map(({ _id, ...file }) => ({ id: _id.toHexString(), ...file })),
    }));
  }

  /** Returns the series of a run with their kept events. Without these if all events are kept. */
  async findSeries({ id, sampleSize }: StoredRun): Promise<StoredSeries[]> {
    const fields = { tag: 1, ofImages: 1, nextPlace: 1, samples: 1, events: 1, seen: 1, drawn: 1 };
    const series = await this.series.collection
      .find<ImageSeriesDocument>({ run: new Types.ObjectId(id) }, { projection: fields })
      .toArray();
    const kept = sampleSize === 0 ? [] : series.filter(({ events }) => events > 0);
    const eventsOf = await this.#findEvents(kept.map(({ _id }) => _id));
    return series.map(({ _id, events, ...state }) => {
      const id = _id.toHexString();
      return { ...state, id, count: events, events: eventsOf.get(id) ?? [] };
    });
  }

  async #findEvents(series: readonly Types.ObjectId[]): Promise<Map<string, StoredEvent[]>> {
    const fields = { series: 1, step: 1, place: 1, count: { $size: '$images' } };
    const events = await this.events.collection
      .aggregate<Pick<ImageEventDocument, '_id' | 'series' | 'step' | 'place'> & { count: number }>([
        { $match: { series: { $in: [...series] } } },
        { $project: fields },
      ])
      .toArray();
    events.sort((a, b) => a.place - b.place);
    const stored = events.map(({ _id, series, step, count }) => ({
      ...{ id: _id.toHexString(), series: series.toHexString(), step: stepOf(step), count },
    }));
    return grouped(stored, ({ series }) => series);
  }

  /**
   * Stores a pass in one transaction, unless another pass over one of its runs was stored since it began.
   *
   * @param blob what holds its images
   * @returns whether it was stored
   */
  async store(records: PassRecords, blob: ImageEventDocument['blob']): Promise<boolean> {
    const events = records.eventsIn(blob);
    try {
      await this.transactions.runInTurn([`event-log/${records.workspace}`], async (session) => {
        await this.#storeRuns(records, session);
        await this.#storeFiles(records, session);
        await this.#storeSeries(records, session);
        await this.#storeEvents(records, events, session);
        if (records.isShown) await this.changed(records.workspace, session);
      });
      return true;
    } catch (error) {
      // Two passes have found the same run, or the same file or tag of it.
      if (error instanceof Overtaken || isDuplicateKey(error)) return false;
      throw error;
    }
  }

  /** Counts a change of what the workspace shows, as part of the transaction that makes it. */
  async changed(workspace: string, session: ClientSession): Promise<void> {
    const counted = { $inc: { revision: 1 } };
    await this.logs.updateOne({ _id: workspace }, counted, { upsert: true, session });
  }

  async #storeRuns({ runs, runChanges, replacedRuns }: PassRecords, session: ClientSession): Promise<void> {
    const removed = { removedAt: systemDate() };
    const changes = [...runChanges, ...replacedRuns.map((run) => ({ ...run, set: removed }))].map(
      ({ id, version, set }) => ({
        updateOne: { filter: { _id: id, version, removedAt: null }, update: { $set: set, $inc: { version: 1 } } },
      }),
    );
    if (changes.length > 0) {
      const { matchedCount } = await this.runs.collection.bulkWrite(changes, { session });
      if (matchedCount < changes.length) throw new Overtaken();
    }
    if (runs.length > 0) await this.runs.collection.insertMany(runs, { session });
  }

  async #storeFiles({ files, fileChanges, problems }: PassRecords, session: ClientSession): Promise<void> {
    if (files.length > 0) await this.files.collection.insertMany(files, { session });
    const changes = fileChanges.map(({ id, set }) => ({ updateOne: { filter: { _id: id }, update: { $set: set } } }));
    if (changes.length > 0) await this.files.collection.bulkWrite(changes, { session });
    if (problems.length > 0) await this.problems.collection.insertMany(problems, { session });
  }

  async #storeSeries({ series, seriesChanges }: PassRecords, session: ClientSession): Promise<void> {
    if (series.length > 0) await this.series.collection.insertMany(series, { session });
    const changes = seriesChanges.map(({ id, set }) => ({ updateOne: { filter: { _id: id }, update: { $set: set } } }));
    if (changes.length > 0) await this.series.collection.bulkWrite(changes, { session });
  }

  async #storeEvents(
    { removedEvents, restarts }: PassRecords,
    added: ImageEventDocument[],
    session: ClientSession,
  ): Promise<void> {
    if (removedEvents.length > 0) await this.events.collection.deleteMany({ _id: { $in: removedEvents } }, { session });
    if (added.length > 0) await this.events.collection.insertMany(added, { session });
    if (restarts.length > 0) await this.#recount(restarts, session);
  }

  /** The documents of removed events follow later. There may be too many for a transaction. */
  async #recount(restarts: readonly Restart[], session: ClientSession): Promise<void> {
    const removals = restarts.map(({ series, from, before }) => ({
      updateOne: {
        filter: { _id: series },
        update: { $push: { voids: { from, before } }, $set: { hasVoids: true as const } } as never,
      },
    }));
    await this.series.collection.bulkWrite(removals, { session });
    const counted = await this.#count(
      restarts.map(({ series }) => series),
      session,
    );
    const changes = counted.map(({ _id, events = 0, samples = 0 }) => ({
      updateOne: { filter: { _id }, update: { $set: { events, samples } } },
    }));
    await this.series.collection.bulkWrite(changes, { session });
  }

  /** Counts the events of series that are not void. */
  #count(series: readonly Types.ObjectId[], session: ClientSession): Promise<CountedSeries[]> {
    const count = { _id: null, events: { $sum: 1 }, samples: { $max: { $size: '$images' } } };
    const lookup = {
      ...{ from: this.events.collection.name, localField: '_id', foreignField: 'series', as: 'counted' },
      ...{ let: { voids: '$voids' }, pipeline: [{ $match: { $expr: NOT_VOID } }, { $group: count }] },
    };
    const counted = { $first: '$counted' };
    return this.series.collection
      .aggregate<CountedSeries>(
        [
          { $match: { _id: { $in: [...series] } } },
          { $lookup: lookup },
          { $replaceWith: { $mergeObjects: [counted, { _id: '$_id' }] } },
        ],
        { session },
      )
      .toArray();
  }
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
