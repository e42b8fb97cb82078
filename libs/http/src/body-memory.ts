import { GrowingShares, LoopTurns, type Holding, type Shortage } from '@pentaprism/concurrency';
import { DomainError } from '@pentaprism/domain';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { findPrincipal } from './principal.js';
import { giveUp } from './given-up.js';

export interface BodyMemorySettings {
  /** Bytes for all bodies of this process together that are read whole. */
  readonly total: number;
  /** Bytes of one body that are not counted, so that small bodies never wait. */
  readonly free?: number;
  /** Milliseconds that a body waits for more. */
  readonly waitMs?: number;
  /** Bytes per second at which a body arrives that has been given memory. Time that it waits for more does not count. */
  readonly leastRate?: number;
  /** Milliseconds over which the rate is averaged. */
  readonly rateWindowMs?: number;
}

/** Share of the total that the bodies of one workspace take at most: others always find some. */
const PER_WORKSPACE = 7 / 8;
/** Bytes that a body is given at a time. */
const STEP = 64 * 1024;
/** Seconds after which a client may try again that found no memory. */
const RETRY_AFTER = 10;
/** Milliseconds between two checks of the rates. */
const CHECK_MS = 1000;
/** Defaults. The wait is shorter than IDLE_TIMEOUT, since a client that is not read from looks silent. */
const DEFAULTS = { free: 32 * 1024, waitMs: 10_000, leastRate: 32 * 1024, rateWindowMs: 10_000 };
export const DEFAULT_BODY_MEMORY = 64 * 1024 * 1024;

/** The memory for bodies that are read whole: counted as they arrive, and shared between workspaces. */
export class BodyMemory {
  readonly settings: Required<BodyMemorySettings>;
  /** Bytes that one body takes at most. */
  readonly largest: number;
  /** Time of the event loop to parse and decode them. */
  readonly turns = new LoopTurns();
  readonly #shares: GrowingShares;
  readonly #reading = new Set<BodyHold>();
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: BodyMemorySettings = { total: DEFAULT_BODY_MEMORY }) {
    this.settings = { ...DEFAULTS, ...settings };
    this.largest = Math.floor(settings.total * PER_WORKSPACE);
    this.#shares = new GrowingShares({ capacity: settings.total, perKey: this.largest });
  }

  /** Bytes that bodies take now. */
  get held(): number {
    return this.#shares.held;
  }

  /** Bodies that wait for memory now. */
  get waiting(): number {
    return this.#shares.waiting;
  }

  /** Opens a holding; `onLost` is called when it has to make way while it does not wait for more. */
  open(key: string, onLost: (error: Error) => void): Holding {
    return this.#shares.open(key, shortageError, onLost);
  }

  /** Checks the rate of a body from now on. */
  watch(hold: BodyHold): void {
    this.#reading.add(hold);
    this.#timer ??= setInterval(() => this.#checkRates(), CHECK_MS).unref();
  }

  unwatch(hold: BodyHold): void {
    this.#reading.delete(hold);
    if (this.#reading.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #checkRates(): void {
    for (const hold of this.#reading) hold.checkRate();
  }
}

interface Shared {
  readonly memory: BodyMemory;
  readonly response: ServerResponse | undefined;
}

const shared = new WeakMap<IncomingMessage, Shared>();
const holds = new WeakMap<IncomingMessage, BodyHold[]>();
/** Lets all readers of bodies share one memory. */
export function shareBodyMemory(fastify: FastifyInstance, memory: BodyMemory): void {
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    shared.set(request.raw, { memory, response: reply.raw });
    done(null, payload);
  });
}

/**
 * Gives back what the bodies of a request take, because nothing of them is in memory any more, though it is not answered
 * yet.
 */
export function releaseBody({ raw }: Pick<FastifyRequest, 'raw'>): void {
  for (const hold of holds.get(raw) ?? []) hold.release();
}

/**
 * Does work of a request that takes all of the event loop for milliseconds, such as parsing a large body, when it is the
 * turn of its workspace.
 */
export async function inTurn<T>(request: FastifyRequest, work: () => T | Promise<T>): Promise<T> {
  const { memory } = shared.get(request.raw) ?? {};
  return memory ? memory.turns.run(shareOf(request), work) : work();
}

/** What one body takes of the memory. Nothing is counted, and nothing checked, while it is small. */
export class BodyHold {
  #holding: Holding | undefined;
  #rateBytes = 0;
  #rateSince = 0;
  #released = false;
  #waitsForTurn = false;

  private constructor(
    private readonly request: FastifyRequest,
    private readonly memory: BodyMemory,
    private readonly response: ServerResponse | undefined,
    private readonly onLost: (error: Error) => void,
  ) {}

  /**
   * The hold of a request's body, or of a part of it. It is released with the end of the response or of the connection at
   * the latest.
   *
   * @param onLost called when the body has to make way, or is too slow, while it does not wait for memory
   */
  static of(request: FastifyRequest, onLost: (error: Error) => void): BodyHold {
    const { memory = new BodyMemory(), response } = shared.get(request.raw) ?? {};
    return new BodyHold(request, memory, response, onLost);
  }

  /**
   * Takes care that the body may take so many bytes of memory altogether. Returns undefined if it may at once, otherwise
   * a promise.
   *
   * @throws DomainError PAYLOAD_TOO_LARGE if that is more than any body may take, INVALID_ARGUMENT if the connection has been
   *   closed; the promise rejects with RATE_LIMITED or
   *   UNAVAILABLE, with `retryAfter`, if there is no memory for long
   */
  cover(bytes: number): Promise<void> | undefined {
    const counted = bytes - this.memory.settings.free;
    const missing = counted - (this.#holding?.held ?? 0);
    if (missing <= 0 || this.#released) return undefined;
    const { largest } = this.memory;
    if (counted > largest)
      throw new DomainError('PAYLOAD_TOO_LARGE', `The body takes more than ${largest} bytes of memory.`, {
        limit: largest,
      });
    const holding = (this.#holding ??= this.#open());
    const granted = holding.grow(Math.min(Math.max(missing, STEP), largest - holding.held));
    return granted && this.#limited(granted);
  }

  /** Does work for the body, such as parsing a piece of it, when it is the turn of its workspace. */
  inTurn(work: () => Promise<void> | undefined): Promise<void> | undefined {
    this.#waitsForTurn = true;
    return this.memory.turns.run<unknown>(shareOf(this.request), () => {
      this.#waitsForTurn = false;
      return this.#released ? undefined : work();
    }) as Promise<void> | undefined;
  }

  /** Counts what has come from the client. */
  arrived(bytes: number): void {
    this.#rateBytes += bytes;
  }

  /** The whole body is there. It stays in memory until it is released. */
  complete(): void {
    this.memory.unwatch(this);
    this.#holding?.settle();
  }

  /** The body is not in memory any more. */
  release(): void {
    this.#released = true;
    this.memory.unwatch(this);
    this.#holding?.release();
  }

  /** Gives the body up if it came too slowly for as long as the rate is averaged over. */
  checkRate(): void {
    const { leastRate, rateWindowMs } = this.memory.settings;
    const now = performance.now();
    // The client does not have to hurry while nothing is read from it.
    if (this.#holding?.waiting || this.#waitsForTurn) this.#rateSince = Math.min(now, this.#rateSince + CHECK_MS);
    const elapsed = now - this.#rateSince;
    if (elapsed < rateWindowMs) return;
    if (this.#rateBytes * 1000 < leastRate * elapsed) {
      giveUp(this.request);
      const message = `The body comes too slowly: a large one needs at least ${leastRate} bytes per second.`;
      this.onLost(new DomainError('INVALID_ARGUMENT', message, { leastRate }));
      return;
    }
    this.#rateSince = now;
    this.#rateBytes = 0;
  }

  #open(): Holding {
    const { raw } = this.request;
    // Nothing would release it: the event has been emitted.
    if (this.response?.closed || raw.socket?.destroyed) throw connectionClosed();
    holds.set(raw, [...(holds.get(raw) ?? []), this]);
    this.response?.once('close', () => this.release());
    this.#rateSince = performance.now();
    this.#rateBytes = 0;
    this.memory.watch(this);
    return this.memory.open(shareOf(this.request), this.onLost);
  }

  async #limited(granted: Promise<void>): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(shortageError('all')), this.memory.settings.waitMs);
    });
    await Promise.race([granted, late]).finally(() => clearTimeout(timer));
  }
}

function connectionClosed(): DomainError {
  return new DomainError('INVALID_ARGUMENT', 'The connection was closed before the body was complete.');
}

function shortageError(shortage: Shortage): DomainError {
  const details = { retryAfter: RETRY_AFTER };
  return shortage === 'own'
    ? new DomainError(
        'RATE_LIMITED',
        'Too many large bodies of this workspace are being read; try again later.',
        details,
      )
    : new DomainError('UNAVAILABLE', 'Too many large bodies are being read; try again later.', details);
}

/** Whose share it is. Requests without a key have one of their own, beside the keys of the workspace that they work in. */
function shareOf(request: FastifyRequest): string {
  const principal = findPrincipal(request);
  if (!principal) return '';
  return principal.keyId === null ? `${principal.workspace} anonymous` : principal.workspace;
}
