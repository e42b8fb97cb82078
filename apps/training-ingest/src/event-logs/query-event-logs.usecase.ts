import { Injectable } from '@nestjs/common';
import { fitting, largestText } from '@pentaprism/bus';
import { eventLogContracts, type ImageEvent, type ParsedRequestOf, type ResponseOf } from '@pentaprism/contracts';
import { DomainError, isObjectId } from '@pentaprism/domain';
import { Types } from 'mongoose';
import { EventLogPagesRepository, type ShownRun } from './event-log-pages.repository.js';
import type { ImageEventDocument, ImageSeriesDocument } from './event-log.schema.js';
import { stepOf } from './steps.js';

type Contracts = typeof eventLogContracts;
type Page = ParsedRequestOf<Contracts['runs']>;

/** Bytes in JSON of a record without its texts and images, and of an image. Both are rounded up. */
const RECORD_BYTES = 200;
const IMAGE_BYTES = 300;
/** Events of one answer: about as many as fit, so that no others are read. */
const MAX_EVENTS_PER_ANSWER = 1_200;
const STEP = /^[0-9a-f]{16}$/;

/** Answers what a workspace shows of its event logs. */
@Injectable()
export class QueryEventLogs {
  constructor(private readonly pages: EventLogPagesRepository) {}

  async revision(workspace: string): Promise<ResponseOf<Contracts['revision']>> {
    return { revision: await this.pages.revision(workspace) };
  }

  runs(workspace: string, { after, limit }: Page): Promise<ResponseOf<Contracts['runs']>> {
    const behind = after === undefined ? undefined : idOf(after);
    return this.pages.inSnapshot(workspace, async ({ revision, session }) => {
      const sorted = (await this.pages.findRuns(workspace, session)).sort(byFirstEvent);
      const start = behind === undefined ? 0 : sorted.findIndex(({ _id }) => _id.equals(behind)) + 1;
      const runs = fitting(sorted.slice(start, start + limit), ({ name }) => RECORD_BYTES + largestText(name));
      const next = start + runs.length < sorted.length ? runs.at(-1)?._id.toHexString() : undefined;
      return { revision, runs: runs.map(({ _id, name }) => ({ id: _id.toHexString(), name })), next: next ?? null };
    });
  }

  series(workspace: string, { after, limit }: Page): Promise<ResponseOf<Contracts['series']>> {
    const behind = after === undefined ? undefined : idOf(after);
    return this.pages.inSnapshot(workspace, async ({ revision, session }) => {
      const shown = new Set((await this.pages.findRuns(workspace, session)).map(({ _id }) => _id.toHexString()));
      const found = await this.pages.findSeries(workspace, behind, limit, session);
      const page = fitting(found, seriesBytes);
      const isLast = page.length === found.length && found.length < limit;
      const next = isLast ? undefined : page.at(-1)?._id.toHexString();
      const series = page.filter(({ run }) => shown.has(run.toHexString())).map(toSeries);
      return { revision, series, next: next ?? null };
    });
  }

  events(
    workspace: string,
    { seriesId, after, limit }: ParsedRequestOf<Contracts['events']>,
  ): Promise<ResponseOf<Contracts['events']>> {
    if (after !== undefined && !STEP.test(after)) throw unknownPage();
    return this.pages.inSnapshot(workspace, async ({ revision, session }) => {
      const series = await this.pages.requireSeries(workspace, seriesId, session);
      const most = Math.min(limit, MAX_EVENTS_PER_ANSWER);
      const found = await this.pages.findEvents(series, after, most, session);
      const page = fitting(found, ({ images }) => RECORD_BYTES + IMAGE_BYTES * images.length);
      const isLast = page.length === found.length && found.length < most;
      const next = isLast ? undefined : page.at(-1)?.step;
      const events = page.filter(({ step }, i) => step !== page[i - 1]?.step).map(toEvent);
      return { revision, events, next: next ?? null };
    });
  }

  async event(workspace: string, eventId: string): Promise<ImageEvent> {
    return toEvent(await this.pages.requireEvent(workspace, eventId));
  }

  async problems(workspace: string, { after, limit }: Page): Promise<ResponseOf<Contracts['problems']>> {
    const before = after === undefined ? undefined : idOf(after);
    const shown = new Set((await this.pages.findRuns(workspace)).map(({ _id }) => _id.toHexString()));
    const found = await this.pages.findProblems(workspace, before, limit);
    const page = fitting(found, ({ runName, file, problem }) => RECORD_BYTES + largestText(runName + file + problem));
    const isLast = page.length === found.length && found.length < limit;
    const next = isLast ? undefined : page.at(-1)?._id.toHexString();
    const problems = page
      .filter(({ run }) => shown.has(run.toHexString()))
      .map(({ runName, file, problem }) => ({ run: runName, file, problem }));
    return { problems, next: next ?? null };
  }
}

function idOf(text: string): Types.ObjectId {
  if (!isObjectId(text)) throw unknownPage();
  return new Types.ObjectId(text);
}

function unknownPage(): DomainError {
  return new DomainError('INVALID_ARGUMENT', '`after` is not the `next` of a page.');
}

/** By the time of the first event, runs without one last, then by the bytes of the names. */
function byFirstEvent(a: ShownRun, b: ShownRun): number {
  const [earlier, later] = [a.firstWallTime, b.firstWallTime];
  const order = Number(earlier === null) - Number(later === null);
  if (order !== 0) return order;
  // Any order will do for NaN, as long as it is one.
  const times = Number(Number.isNaN(earlier)) - Number(Number.isNaN(later)) || (earlier ?? 0) - (later ?? 0);
  return times || Buffer.compare(Buffer.from(a.name), Buffer.from(b.name));
}

function seriesBytes({ tag, displayName, description }: ImageSeriesDocument): number {
  return RECORD_BYTES + largestText(tag) + largestText(displayName) + largestText(description);
}

function toSeries({ _id, run, tag, displayName, description, samples }: ImageSeriesDocument) {
  return { id: _id.toHexString(), runId: run.toHexString(), tag, displayName, description, samples };
}

function toEvent({ _id, step, wallTime, width, height, blob, images }: ImageEventDocument): ImageEvent {
  return {
    ...{ id: _id.toHexString(), step: String(stepOf(step)), wallTime: doubleToText(wallTime), width, height },
    images: blob === null ? [] : images.map((image) => ({ content: blob, ...image })),
  };
}

/** `String` loses the sign of zero. */
function doubleToText(double: number): string {
  return Object.is(double, -0) ? '-0' : String(double);
}
