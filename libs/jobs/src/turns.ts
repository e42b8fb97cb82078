import { Injectable } from '@nestjs/common';
import { FairTurns } from '@pentaprism/concurrency';
import { systemNow } from '@pentaprism/domain';
import type { JobDocument, Ticket } from './job.schema.js';
import { JobLedger } from './job-ledger.js';

interface Charged {
  readonly queue: string;
  readonly workspace: string;
  readonly startedAt?: Date | undefined;
}

/**
 * Starts jobs so that workspaces take turns in each queue. Within a workspace the order is that of priorities, then of
 * creation. The service that each workspace had is kept in memory: an instance of an owner sees a random share of all
 * starts, which is as good as all of them. After a restart, all workspaces begin at the same level.
 */
@Injectable()
export class Turns {
  private readonly queues = new Map<string, FairTurns>();

  constructor(private readonly ledger: JobLedger) {}

  /**
   * Starts the job whose turn it is. A ticket that comes again, because its worker was lost, starts the job that it
   * started before. Returns null when no job is due.
   */
  async start(ticket: Ticket, worker: string): Promise<JobDocument | null> {
    const { running, waiting } = await this.ledger.competing(ticket.queue);
    const before = running.find((job) => job.ticket === ticket.id);
    const again = before && (await this.ledger.restart(before._id, before.attempt, ticket, worker));
    if (again) {
      this.charge({ queue: ticket.queue, workspace: before.workspace, startedAt: before.startedAt }, systemNow());
      return again;
    }
    const turns = this.of(ticket.queue);
    for (const workspace of turns.order(waiting, countByWorkspace(running))) {
      const job = await this.ledger.startNext(ticket, workspace, worker);
      if (!job) continue;
      turns.begin(workspace);
      return job;
    }
    return null;
  }

  /** Charges the workspace of a job for the time since its attempt started. A queued job costs nothing. */
  charge({ queue, workspace, startedAt }: Charged, at: number): void {
    if (startedAt) this.of(queue).charge(workspace, (at - startedAt.getTime()) / 1000);
  }

  private of(queue: string): FairTurns {
    const turns = this.queues.get(queue) ?? new FairTurns();
    this.queues.set(queue, turns);
    return turns;
  }
}

function countByWorkspace(jobs: readonly { workspace: string }[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { workspace } of jobs) counts.set(workspace, (counts.get(workspace) ?? 0) + 1);
  return counts;
}
