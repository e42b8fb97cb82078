import { createRandom, type Random } from '@pentaprism/domain';
import type { FaultyStack } from '../e2e/support/faults-stack.js';

/** One figure against its threshold: the worst that was seen. */
export interface Measure {
  readonly what: string;
  readonly worst: number;
  readonly unit?: 'ms' | 'MB';
  readonly atMost?: number;
  /** For what shows that the drill did something at all: nothing lost of nothing is no success. */
  readonly atLeast?: number;
}

export interface DrillResult {
  /** What was done, in numbers. */
  readonly did: string;
  readonly measures: readonly Measure[];
  /** Why it could not be done on this machine; nothing was measured then. */
  readonly skipped?: string;
  /** Some of what broke a threshold, as a start for the search for its cause. */
  readonly examples: readonly string[];
}

export interface DrillContext {
  readonly seed: number;
  /** 1 is the full count. */
  readonly scale: number;
  /** A full count at this scale, at least 1. */
  count(full: number): number;
  /** A sequence of its own for each name, so that what runs side by side takes nothing from one another. */
  random(name: string): Random;
  log(text: string): void;
}

/** One goal of what the system survives, done to a system that really runs. */
export interface Drill {
  readonly number: number;
  readonly name: string;
  /** In one sentence, with its thresholds. */
  readonly goal: string;
  /** Seconds after which it is given up at full counts. */
  readonly limitSeconds: number;
  /** Uses less than half of two cores, so that `npm test` runs it beside others that do. */
  readonly waits?: true;
  /** Leaves a system as it found it, so that `npm test` runs it on one system with others of this kind. */
  readonly shares?: true;
  /** The part of its counts that `npm test` does, if a tenth takes longer than it proves. */
  readonly testScale?: number;
  /** Takes so long even at a tenth of its counts that `npm test` leaves it out. */
  readonly byHand?: true;
  /**
   * @param shared the system that a drill which `shares` uses instead of its own
   * @throws Error when it cannot go on, which counts as failed
   */
  run(context: DrillContext, shared?: FaultyStack): Promise<DrillResult>;
}

export function createContext(
  drill: Pick<Drill, 'number'>,
  seed: number,
  scale: number,
  log: (text: string) => void,
): DrillContext {
  return {
    seed,
    scale,
    count: (full) => Math.max(1, Math.round(full * scale)),
    random: (name) => createRandom(`drill ${drill.number}/${seed}/${name}`),
    log,
  };
}

export function holds({ worst, atMost = Infinity, atLeast = -Infinity }: Measure): boolean {
  // Not the other way round: NaN, which nothing was measured for, holds nothing.
  return worst <= atMost && worst >= atLeast;
}

export function passed(result: DrillResult): boolean {
  return result.skipped !== undefined || (result.measures.length > 0 && result.measures.every(holds));
}

/** How many of these there may be: none. The first ones become examples. */
export function none(what: string, found: readonly unknown[]): Measure {
  return { what, worst: found.length, atMost: 0 };
}

/** The first of each list, as lines. */
export function examplesOf(found: Readonly<Record<string, readonly unknown[]>>, each = 3): string[] {
  return Object.entries(found).flatMap(([what, items]) =>
    items.slice(0, each).map((item) => `${what}: ${typeof item === 'string' ? item : JSON.stringify(item)}`),
  );
}

/** A whole number from `from` to `to`, both included. */
export function wholeWithin(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1));
}

export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)];
  if (item === undefined) throw new Error('there is nothing to pick from');
  return item;
}

/** The same items in another order. */
export function shuffled<T>(random: Random, items: readonly T[]): T[] {
  const left = [...items];
  return items.map(() => left.splice(Math.floor(random() * left.length), 1)[0] as T);
}
