import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { removeSome } from '@pentaprism/database';
import type { Model, Types } from 'mongoose';
import {
  IMAGE_EVENT_MODEL,
  IMAGE_SERIES_MODEL,
  LOG_FILE_MODEL,
  LOG_PROBLEM_MODEL,
  LOGGED_RUN_MODEL,
  type ImageEventDocument,
  type ImageSeriesDocument,
  type LogFileDocument,
  type LoggedRunDocument,
  type LogProblemDocument,
} from './event-log.schema.js';

/** Series whose events are removed together. */
const SERIES_AT_ONCE = 100;

/** Removes records that no call shows any more. */
@Injectable()
export class RemovedRunsRepository {
  constructor(
    @InjectModel(LOGGED_RUN_MODEL) private readonly runs: Model<LoggedRunDocument>,
    @InjectModel(LOG_FILE_MODEL) private readonly files: Model<LogFileDocument>,
    @InjectModel(LOG_PROBLEM_MODEL) private readonly problems: Model<LogProblemDocument>,
    @InjectModel(IMAGE_SERIES_MODEL) private readonly series: Model<ImageSeriesDocument>,
    @InjectModel(IMAGE_EVENT_MODEL) private readonly events: Model<ImageEventDocument>,
  ) {}

  /** Takes runs away for good that were hidden before a time. From then on their files are new runs. */
  async expireHidden(before: Date): Promise<void> {
    await this.runs.collection.updateMany({ removedAt: null, hiddenAt: { $type: 'date', $lt: before } }, [
      { $set: { removedAt: '$hiddenAt', version: { $add: ['$version', 1] } } },
    ]);
  }

  /** Returns some runs that were taken away before a time. */
  async findRemoved(before: Date, limit: number): Promise<Types.ObjectId[]> {
    const filter = { removedAt: { $type: 'date', $lt: before } };
    const runs = await this.runs.collection.find(filter, { projection: { _id: 1 }, limit }).toArray();
    return runs.map(({ _id }) => _id);
  }

  /** Removes some of the events that restarts have made void. Returns whether none of them is left. */
  async removeVoidEvents(): Promise<boolean> {
    const series = await this.series.collection.findOne<ImageSeriesDocument>({ hasVoids: true });
    if (!series) return true;
    const { _id, voids: [first] = [] } = series;
    if (first) {
      const filter = { series: _id, step: { $gte: first.from }, place: { $lt: first.before } };
      if (!(await removeSome(this.events.collection, filter))) return false;
      await this.series.collection.updateOne({ _id }, { $pull: { voids: first } as never });
    }
    await this.series.collection.updateOne({ _id, voids: { $size: 0 } }, { $unset: { hasVoids: 1 } });
    return false;
  }

  /** Removes some of the records of a run, itself last. Returns whether nothing is left. */
  async removeSome(run: Types.ObjectId): Promise<boolean> {
    const some = { projection: { _id: 1 }, limit: SERIES_AT_ONCE };
    const series = (await this.series.collection.find({ run }, some).toArray()).map(({ _id }) => _id);
    if (series.length > 0) {
      if (await removeSome(this.events.collection, { series: { $in: series } }))
        await this.series.collection.deleteMany({ _id: { $in: series } });
      return false;
    }
    for (const { collection } of [this.problems, this.files])
      if (!(await removeSome(collection, { run }))) return false;
    await this.runs.collection.deleteOne({ _id: run });
    return true;
  }
}
