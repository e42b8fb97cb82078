import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import { metrics } from '@pentaprism/observability';
import type { ClientSession, Connection } from 'mongoose';
import { asDomainError } from './errors.js';

/** Milliseconds after which a transaction that cannot commit is given up; the caller's deadline is 5 s. */
const TRANSACTION_LIMIT_MS = 4000;

@Injectable()
export class Transactions {
  /** The end of the last transaction in turn, by key. */
  private readonly turns = new Map<string, Promise<unknown>>();

  constructor(@InjectConnection() readonly connection: Connection) {}

  /** @throws when the database does not answer */
  async ping(): Promise<void> {
    await this.connection.db?.admin().ping();
  }

  /**
   * As `run`, after the transactions of this process that were given the same key. Those that write the same document
   * would only abort each other and be run again: twenty at once took longer than their callers wait.
   */
  async runInTurn<T>(key: string, work: (session: ClientSession) => Promise<T>): Promise<T> {
    const before = this.turns.get(key) ?? Promise.resolve();
    const mine = before.then(() => this.run(work));
    const turn = mine.catch(() => undefined);
    this.turns.set(key, turn);
    try {
      return await mine;
    } finally {
      if (this.turns.get(key) === turn) this.turns.delete(key);
    }
  }

  /**
   * Runs `work` in one transaction: majority, journalled, retried on write conflicts, so `work` may run more than once
   * and touches nothing but the database.
   *
   * @throws DomainError what `work` throws; UNAVAILABLE when the outcome is unknown or the database is away
   */
  async run<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    const session = await this.connection.startSession().catch((error: unknown) => {
      throw asDomainError(error);
    });
    let attempts = 0;
    try {
      return await session.withTransaction(
        () => {
          if (++attempts > 1) metrics.transactionRetries.inc();
          return work(session);
        },
        {
          readConcern: { level: 'snapshot' },
          writeConcern: { w: 'majority', j: true },
          timeoutMS: TRANSACTION_LIMIT_MS,
        },
      );
    } catch (error) {
      throw asDomainError(error);
    } finally {
      await session.endSession();
    }
  }
}
