import { Injectable } from '@nestjs/common';
import { FairTurns } from '@pentaprism/concurrency';
import { systemNow } from '@pentaprism/domain';
import type { JobDocument, Ticket } from './job.schema.js';
import { NO_PROJECT, projectOf } from './job-group.js';
import { JobLedger } from './job-ledger.js';

interface Charged {
  readonly queue: string;
  readonly workspace: string;
  readonly subject: Record<string, string>;
  readonly startedAt?: Date | undefined;
}

/** The turns of a queue. */
interface QueueTurns {
  readonly workspaces: FairTurns;
  /** By workspace. */
  readonly projects: Map<string, FairTurns>;
}

/** Workspaces of a queue whose projects' service is remembered. */
const MAX_WORKSPACES = 1000;

/**
 * Starts jobs so that workspaces take turns in each queue, and within a workspace its projects. Within a project the order is
 * that of priorities, then of creation. Service is kept in memory: an instance of an owner sees a random share of all starts,
 * which is as good as all of them. After a restart, all workspaces and projects begin at the same level.
 */
@Injectable()
export class Turns {
  private readonly queues = new Map<string, QueueTurns>();

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
      this.charge({ ...before, queue: ticket.queue }, systemNow());
      return again;
    }
    const counts = countBy(running, ({ workspace }) => workspace);
    for (const workspace of this.of(ticket.queue).workspaces.order(waiting, counts)) {
      const own = running.filter((job) => job.workspace === workspace);
      const job = await this.startIn(workspace, countBy(own, projectOf), ticket, worker);
      if (job) return job;
    }
    return null;
  }

  /**
   * Returns whether a job of another project would start if a running job gave its place back now. Without this check, a job could
   * give way to itself. It still can if another instance of the owner, which remembers other service, decides who is next.
   */
  async areOfOthersAfter(job: JobDocument): Promise<boolean> {
    if (!(await this.ledger.othersWait(job))) return false;
    const { workspace } = job;
    const project = projectOf(job);
    const { running, waiting } = await this.ledger.competing(job.queue);
    const left = running.filter(({ _id }) => !_id.equals(job._id));
    const seconds = secondsSince(job.startedAt, systemNow());
    const workspaces = [...new Set([...waiting, workspace])];
    const counts = countBy(left, (each) => each.workspace);
    const [first] = this.of(job.queue).workspaces.order(workspaces, counts, new Map([[workspace, seconds]]));
    if (first !== workspace) return true;
    const projects = [...new Set([...(await this.ledger.waitingProjects(job.queue, workspace)), project])];
    const own = countBy(
      left.filter((each) => each.workspace === workspace),
      projectOf,
    );
    const [next] = this.projectsOf(job.queue, workspace).order(projects, own, new Map([[project, seconds]]));
    return next !== project || (project === NO_PROJECT && this.ledger.isPreceded(job));
  }

  /** Charges the workspace and the project of a job for the time since its attempt started. A queued job costs nothing. */
  charge({ queue, workspace, subject, startedAt }: Charged, at: number): void {
    const seconds = secondsSince(startedAt, at);
    if (seconds <= 0) return;
    this.of(queue).workspaces.charge(workspace, seconds);
    this.projectsOf(queue, workspace).charge(projectOf({ subject }), seconds);
  }

  /** @param running how many jobs of each project run */
  private async startIn(
    workspace: string,
    running: ReadonlyMap<string, number>,
    ticket: Ticket,
    worker: string,
  ): Promise<JobDocument | null> {
    const projects = this.projectsOf(ticket.queue, workspace);
    const waiting = await this.ledger.waitingProjects(ticket.queue, workspace);
    for (const project of projects.order(waiting, running)) {
      const job = await this.ledger.startNext(ticket, { workspace, project }, worker);
      if (!job) continue;
      this.of(ticket.queue).workspaces.begin(workspace);
      projects.begin(project);
      return job;
    }
    return null;
  }

  private of(queue: string): QueueTurns {
    const turns = this.queues.get(queue) ?? { workspaces: new FairTurns(), projects: new Map<string, FairTurns>() };
    this.queues.set(queue, turns);
    return turns;
  }

  private projectsOf(queue: string, workspace: string): FairTurns {
    const { projects } = this.of(queue);
    const turns = projects.get(workspace) ?? new FairTurns();
    // Behind the others: the first one is forgotten first.
    projects.delete(workspace);
    projects.set(workspace, turns);
    const [oldest] = projects.keys();
    if (projects.size > MAX_WORKSPACES && oldest !== undefined) projects.delete(oldest);
    return turns;
  }
}

function secondsSince(startedAt: Date | undefined, at: number): number {
  return startedAt ? (at - startedAt.getTime()) / 1000 : 0;
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
