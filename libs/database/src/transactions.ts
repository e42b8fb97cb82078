import { Injectable } from '@nestjs/common';
import { InjectConnection } from '@nestjs/mongoose';
import { DomainError } from '@pentaprism/domain';
import { metrics } from '@pentaprism/observability';
import type { ClientSession, Connection } from 'mongoose';
import { asDomainError } from './errors.js';
import { limited, OPERATION_LIMIT_MS } from './limited.js';

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
   * As `run`, after the transactions of this process that were given one of the same keys. Those that write the same
   * document would only abort each other and be run again: twenty at once took longer than their callers wait.
   */
  async runInTurn<T>(keys: readonly string[], work: (session: ClientSession) => Promise<T>): Promise<T> {
    // All keys are taken at once, so that of any two transactions one waits for the other, and never both.
    const before = Promise.all(keys.map((key) => this.turns.get(key)));
    const mine = before.then(() => this.run(work));
    const turn = mine.catch(() => undefined);
    for (const key of keys) this.turns.set(key, turn);
    try {
      return await mine;
    } finally {
      for (const key of keys) if (this.turns.get(key) === turn) this.turns.delete(key);
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
    const giveUpAt = performance.now() + OPERATION_LIMIT_MS;
    let attempts = 0;
    const transaction = session.withTransaction(
      async () => {
        if (++attempts > 1) metrics.transactionRetries.inc();
        // The driver would try for two minutes, and make true in the end what its caller was told had failed.
        if (performance.now() > giveUpAt) throw new DomainError('UNAVAILABLE', 'The transaction could not be made.');
        return work(session);
      },
      { readConcern: { level: 'snapshot' }, writeConcern: { w: 'majority', j: true } },
    );
    // Not awaited: what hangs, hangs in the background, until its connection is found to be broken.
    void transaction.catch(() => undefined).finally(() => session.endSession().catch(() => undefined));
    return limited(transaction).catch((error: unknown) => {
      throw asDomainError(error);
    });
  }
}
