import type { ErrorCode } from '@pentaprism/domain';
import { z } from 'zod';

/** The parts of the system: each contract is owned by one of them. */
export const SERVICES = ['catalog', 'tagging', 'training-ingest', 'augmentation', 'insights', 'worker'] as const;
export type ServiceName = (typeof SERVICES)[number];

/** A question or command: one NATS subject, answered by one of the owner's instances. */
export interface Rpc<Request extends z.ZodType = z.ZodType, Response extends z.ZodType = z.ZodType> {
  readonly kind: 'rpc';
  readonly owner: ServiceName;
  /** `owner.v1.thing.verb`; installations that share a NATS put a prefix before it. */
  readonly subject: string;
  /** Requests are strict: an unknown member is an error of the caller. */
  readonly request: Request;
  /** Replies are read tolerantly: members that this version does not know are dropped. */
  readonly response: Response;
  /** The domain errors that the answer may carry, besides those that any call may (UNAVAILABLE, INTERNAL, ...). */
  readonly errors: readonly ErrorCode[];
  /** Milliseconds before the caller gives up; the bus has a default. */
  readonly deadlineMs?: number;
}

/** What the caller of an rpc passes. */
export type RequestOf<R extends Rpc> = z.input<R['request']>;
/** What a handler receives: parsed, with defaults filled in. */
export type ParsedRequestOf<R extends Rpc> = z.output<R['request']>;
/** What a handler answers. */
export type ResponseOf<R extends Rpc> = z.output<R['response']>;

/** Declares an rpc; the types of both sides follow from the schemas. */
export function defineRpc<Request extends z.ZodType, Response extends z.ZodType>(
  rpc: Omit<Rpc<Request, Response>, 'kind' | 'errors'> & { errors?: readonly ErrorCode[] },
): Rpc<Request, Response> {
  if (!rpc.subject.startsWith(`${rpc.owner}.v1.`))
    throw new Error(`${rpc.subject} must begin with its owner and version`);
  return { kind: 'rpc', errors: [], ...rpc };
}

/** Something that happened and must not be lost: kept in JetStream until every consumer has handled it. */
export interface Fact<Data extends z.ZodType = z.ZodType> {
  readonly kind: 'fact';
  readonly owner: ServiceName;
  /** `thing.happened`. */
  readonly name: string;
  readonly data: Data;
}

export type FactData<F extends Fact> = z.output<F['data']>;

export function defineFact<Data extends z.ZodType>(fact: Omit<Fact<Data>, 'kind'>): Fact<Data> {
  return { kind: 'fact', ...fact };
}

/**
 * News for caches that live for a moment. It is sent to every listener before the call that caused it is answered. It is
 * lost for a service that does not listen at that moment, so a listener must become correct without it a little later.
 */
export interface Signal<Data extends z.ZodType = z.ZodType> {
  readonly kind: 'signal';
  readonly owner: ServiceName;
  /** `owner.v1.signal.thing-happened`. */
  readonly subject: string;
  readonly data: Data;
}

export type SignalData<S extends Signal> = z.output<S['data']>;

export function defineSignal<Data extends z.ZodType>(signal: Omit<Signal<Data>, 'kind'>): Signal<Data> {
  return { kind: 'signal', ...signal };
}

/** Work that outlives a request: its ledger entry belongs to `owner`, a BullMQ queue carries it to a worker. */
export interface JobType<Payload extends z.ZodType = z.ZodType, Result extends z.ZodType = z.ZodType> {
  readonly kind: 'job';
  readonly owner: JobOwner;
  /** `thing.verb`, unique in the system. */
  readonly type: string;
  readonly queue: QueueName;
  readonly payload: Payload;
  readonly result: Result;
}

export type JobPayload<J extends JobType> = z.output<J['payload']>;
export type JobResult<J extends JobType> = z.output<J['result']>;

/** Services that keep a job ledger. */
export const JOB_OWNERS = ['catalog', 'augmentation', 'training-ingest', 'insights'] as const;
export type JobOwner = (typeof JOB_OWNERS)[number];

/** BullMQ queues; a worker takes from each with a concurrency of its own. */
export const QUEUES = ['analysis', 'augmentation', 'embedding', 'import', 'insight', 'training'] as const;
export type QueueName = (typeof QUEUES)[number];

export function defineJob<Payload extends z.ZodType, Result extends z.ZodType>(
  job: Omit<JobType<Payload, Result>, 'kind'>,
): JobType<Payload, Result> {
  return { kind: 'job', ...job };
}
