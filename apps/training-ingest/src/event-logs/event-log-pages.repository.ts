import { Injectable } from '@nestjs/common';
import { InjectModel } from '@nestjs/mongoose';
import { asDomainError, notFound, toObjectId, Transactions } from '@pentaprism/database';
import { Types, type ClientSession, type Model } from 'mongoose';
import {
  EVENT_LOG_MODEL,
  IMAGE_EVENT_MODEL,
  IMAGE_SERIES_MODEL,
  LOG_PROBLEM_MODEL,
  LOGGED_RUN_MODEL,
  type EventLogDocument,
  type ImageEventDocument,
  type ImageSeriesDocument,
  type LoggedRunDocument,
  type LogProblemDocument,
} from './event-log.schema.js';
import { isVoid, notVoid } from './void-events.js';

export type ShownRun = Pick<LoggedRunDocument, '_id' | 'name' | 'firstWallTime'>;

/** The state of a workspace at one revision, as long as the work on it takes. */
export interface Snapshot {
  readonly revision: string;
  readonly session: ClientSession;
}

const SHOWN = { hiddenAt: null, removedAt: null };

/** Reads what a workspace shows of its event logs. */
@Injectable()
export class EventLogPagesRepository {
  constructor(
    @InjectModel(EVENT_LOG_MODEL) private readonly logs: Model<EventLogDocument>,
    @InjectModel(LOGGED_RUN_MODEL) private readonly runs: Model<LoggedRunDocument>,
    @InjectModel(LOG_PROBLEM_MODEL) private readonly problems: Model<LogProblemDocument>,
    @InjectModel(IMAGE_SERIES_MODEL) private readonly series: Model<ImageSeriesDocument>,
    @InjectModel(IMAGE_EVENT_MODEL) private readonly events: Model<ImageEventDocument>,
    private readonly transactions: Transactions,
  ) {}

  async revision(workspace: string, session?: ClientSession): Promise<string> {
    const options = session ? { session } : {};
    const log = await this.logs.collection.findOne<EventLogDocument>({ _id: workspace as never }, options);
    return String(log?.revision ?? 0);
  }

  /** Does work on the state at one moment, so that what it reads belongs to its revision. */
  async inSnapshot<T>(workspace: string, work: (snapshot: Snapshot) => Promise<T>): Promise<T> {
    const session = await this.transactions.connection.startSession({ snapshot: true });
    try {
      return await work({ revision: await this.revision(workspace, session), session });
    } catch (error) {
      throw asDomainError(error);
    } finally {
      await session.endSession();
    }
  }

  findRuns(workspace: string, session?: ClientSession): Promise<ShownRun[]> {
    const fields = { name: 1, firstWallTime: 1 };
    return this.runs.collection
      .find<ShownRun>({ workspace, ...SHOWN }, { projection: fields, ...(session ? { session } : {}) })
      .toArray();
  }

  /** Returns series that have an event, in the order of their ids, behind one of them. Also those of runs that are not shown. */
  findSeries(
    workspace: string,
    after: Types.ObjectId | undefined,
    limit: number,
    session: ClientSession,
  ): Promise<ImageSeriesDocument[]> {
    const behind = after && { _id: { $gt: after } };
    return this.series.collection
      .find<ImageSeriesDocument>({ workspace, events: { $gt: 0 }, ...behind }, { session, sort: { _id: 1 }, limit })
      .toArray();
  }

  /** @throws DomainError NOT_FOUND also if its run is not shown */
  async requireSeries(workspace: string, id: string, session: ClientSession): Promise<ImageSeriesDocument> {
    const _id = toObjectId(id, 'series');
    const series = await this.series.collection.findOne<ImageSeriesDocument>({ _id, workspace }, { session });
    if (!series || !(await this.#isShown(series.run, session))) throw notFound('series');
    return series;
  }

  /** Returns the events of a series by their steps, behind one of these. */
  findEvents(
    { _id, voids }: ImageSeriesDocument,
    after: string | undefined,
    limit: number,
    session: ClientSession,
  ): Promise<ImageEventDocument[]> {
    const behind = after === undefined ? {} : { step: { $gt: after } };
    return this.events.collection
      .find<ImageEventDocument>(
        { series: _id, ...behind, ...notVoid(voids) },
        { session, sort: { step: 1, place: 1 }, limit },
      )
      .toArray();
  }

  /** @throws DomainError NOT_FOUND also if its run is not shown */
  async requireEvent(workspace: string, id: string): Promise<ImageEventDocument> {
    const event = await this.events.collection.findOne<ImageEventDocument>({
      _id: toObjectId(id, 'event'),
      workspace,
    });
    if (!event || !(await this.#isShown(event.run))) throw notFound('event');
    const series = await this.series.collection.findOne<ImageSeriesDocument>({ _id: event.series });
    if (!series || isVoid(event, series.voids)) throw notFound('event');
    return event;
  }

  /** Returns problems, newest first, before one of them. */
  findProblems(workspace: string, before: Types.ObjectId | undefined, limit: number): Promise<LogProblemDocument[]> {
    const older = before && { _id: { $lt: before } };
    return this.problems.collection
      .find<LogProblemDocument>({ workspace, ...older }, { sort: { _id: -1 }, limit })
      .toArray();
  }

  async #isShown(run: Types.ObjectId, session?: ClientSession): Promise<boolean> {
    const options = session ? { session } : {};
    return (await this.runs.collection.findOne({ _id: run, ...SHOWN }, options)) !== null;
  }
}
