import type { Bus } from '@pentaprism/bus';
import {
  augmentationListContracts,
  eventLogChanged,
  eventLogContracts,
  projectContracts,
  sampleContracts,
  type ImageEvent,
  type ImageSeries,
  type LoggedRun,
  type StoredPart,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';

export const WORKSPACE = 'clinic';
export const RUN = '1'.repeat(24);
export const SERIES = '2'.repeat(24);
export const EVENT = '3'.repeat(24);

/** An id from a small number. */
export const idOf = (number: number) => number.toString(16).padStart(24, '0');

export const run = (name: string, id = RUN): LoggedRun => ({ id, name });

export const series = (tag: string, more: Partial<ImageSeries> = {}): ImageSeries => ({
  ...{ id: SERIES, runId: RUN, tag, displayName: '', description: '', samples: 1 },
  ...more,
});

/** An image in a blob. Its hash begins with the digits of `digit`. */
export const part = (digit: string, more: Partial<StoredPart> = {}): StoredPart => ({
  content: { sha256: 'b'.repeat(64), size: 1000 },
  ...{ offset: 10, length: 20, sha256: digit.repeat(64), mediaType: 'image/png' },
  ...more,
});

export const event = (step: string, more: Partial<ImageEvent> = {}): ImageEvent => ({
  ...{ id: EVENT, step, wallTime: '1700000000.5', width: 2, height: 3, images: [part('c')] },
  ...more,
});

interface EventLogs {
  revision: string;
  runs: LoggedRun[];
  series: ImageSeries[];
  /** By the series. */
  events: Record<string, ImageEvent[]>;
}

/** The event logs of training-ingest, on a bus that counts the calls. */
export class StandInEventLogs {
  readonly calls: string[] = [];
  readonly byWorkspace = new Map<string, EventLogs>();
  /** Items of a page. */
  pageSize = 2;
  /** The workspace of a call that names none. */
  workspace = WORKSPACE;
  /** Names of augmentation lists, by the workspace and the id of their project. */
  readonly #projects = new Map<string, string>();
  #hear: (data: object) => void = () => undefined;

  /** The logs of a workspace, which can be changed. */
  of(workspace = this.workspace): EventLogs {
    const found = this.byWorkspace.get(workspace) ?? { revision: '0', runs: [], series: [], events: {} };
    this.byWorkspace.set(workspace, found);
    return found;
  }

  /** Adds a project with an augmentation list. */
  addProject(id: string, list: string): void {
    this.#projects.set(`${this.workspace} ${id}`, list);
  }

  signal(workspace = this.workspace): void {
    this.#hear({ workspace });
  }

  /** Returns how often a method was called. */
  count(method: keyof typeof eventLogContracts): number {
    return this.calls.filter((call) => call === method).length;
  }

  /** The bus that a dialect calls. */
  bus(): Bus {
    const subscribe = (subject: string, { callback }: { callback: (error: null, message: object) => void }) => {
      if (subject === eventLogChanged.subject)
        this.#hear = (data) => callback(null, { json: () => data, string: () => JSON.stringify(data) });
      return { unsubscribe: () => (this.#hear = () => undefined) };
    };
    const connection = { prefix: '', nats: { subscribe }, refusals: { watch: () => () => undefined } };
    const call = async (
      rpc: (typeof eventLogContracts)['events'],
      request: never,
      options?: { readonly context?: { readonly workspace?: string } },
    ) => {
      const parsed = rpc.request.parse(request);
      const workspace = options?.context?.workspace ?? this.workspace;
      const ofProject = this.#projectAnswer(rpc.subject, parsed, workspace);
      const answer = ofProject ?? this.#answer(rpc.subject, parsed, workspace);
      if (DomainError.is(answer)) throw answer;
      return ofProject ?? rpc.response.parse(answer);
    };
    return { connection, call } as unknown as Bus;
  }

  #projectAnswer(subject: string, request: Record<string, unknown>, workspace: string): object | undefined {
    const list = this.#projects.get(`${workspace} ${String(request['projectId'] ?? request['id'])}`);
    if (subject === projectContracts.get.subject)
      return list === undefined ? new DomainError('NOT_FOUND', 'There is no such project.') : {};
    if (subject === augmentationListContracts.list.subject) return { lists: [{ id: idOf(1), name: list }], total: 1 };
    return subject === sampleContracts.listSets.subject ? { sets: [], total: 0 } : undefined;
  }

  #answer(subject: string, request: Record<string, unknown>, workspace: string): object {
    const [method] = Object.entries(eventLogContracts).find(([, rpc]) => rpc.subject === subject) ?? ['none'];
    this.calls.push(method);
    const { revision, runs, series: all, events } = structuredClone(this.of(workspace));
    const page = <T>(items: readonly T[]) => {
      const from = Number(request['after'] ?? 0);
      const next = from + this.pageSize;
      return { revision, items: items.slice(from, next), next: next < items.length ? String(next) : null };
    };
    if (method === 'revision') return { revision };
    if (method === 'runs') return renamed(page(runs), 'runs');
    if (method === 'series') return renamed(page(all), 'series');
    if (method === 'problems') return renamed(page([{ run: 'a', file: 'b', problem: 'c' }]), 'problems');
    const found =
      method === 'events'
        ? events[String(request['seriesId'])]
        : Object.values(events)
            .flat()
            .find(({ id }) => id === request['eventId']);
    if (!found) return new DomainError('NOT_FOUND', 'There is no such thing.');
    return Array.isArray(found) ? renamed(page(found), 'events') : found;
  }
}

function renamed({ items, ...page }: { readonly items: readonly unknown[] }, name: string): object {
  return { ...page, [name]: items };
}
