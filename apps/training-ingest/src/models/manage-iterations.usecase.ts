import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { projectContracts, type Iteration, type iterationContracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { isDuplicateKey, notFound, Transactions } from '@pentaprism/database';
import { DomainError, systemDate } from '@pentaprism/domain';
import { JobLedger } from '@pentaprism/jobs';
import type { ClientSession } from 'mongoose';
import { IterationRepository, type IterationKey } from './iteration.repository.js';
import { toIteration, type IterationDocument, type IterationTag } from './iteration.schema.js';
import { requireTrained } from './require-trained.js';
import { TendIterations } from './tend-iterations.usecase.js';

type Update = ParsedRequestOf<typeof iterationContracts.update>;
type Publish = ParsedRequestOf<typeof iterationContracts.publish>;

/** Look-ups and changes of iterations. */
@Injectable()
export class ManageIterations {
  constructor(
    private readonly bus: Bus,
    private readonly iterations: IterationRepository,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly tending: TendIterations,
  ) {}

  async list(workspace: string, projectId: string): Promise<{ iterations: Iteration[] }> {
    await this.bus.call(projectContracts.resolve, { id: projectId });
    const found = await this.iterations.list(workspace, projectId);
    return { iterations: await Promise.all(found.map((each) => this.show(each))) };
  }

  async get(workspace: string, key: IterationKey): Promise<Iteration> {
    await this.bus.call(projectContracts.resolve, { id: key.projectId });
    return this.show(await this.iterations.get(workspace, key));
  }

  async tags(workspace: string, key: IterationKey): Promise<{ tags: IterationTag[] }> {
    await this.bus.call(projectContracts.resolve, { id: key.projectId });
    return { tags: (await this.iterations.get(workspace, key)).tags };
  }

  /** @throws DomainError FAILED_PRECONDITION for a default that is not trained; CONFLICT when another becomes it at once */
  async update(workspace: string, { name, isDefault, ...key }: Update): Promise<Iteration> {
    try {
      return await this.change(workspace, key, async (iteration, session) => {
        if (isDefault) requireTrained(iteration);
        if (isDefault && !iteration.isDefault)
          await this.iterations.clearDefault(workspace, iteration.project, session);
        return { ...(name === undefined ? {} : { name }), ...(isDefault === undefined ? {} : { isDefault }) };
      });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      throw new DomainError('CONFLICT', 'Another iteration has just become the default one.', { field: 'isDefault' });
    }
  }

  /** @throws DomainError CONFLICT when another one has the name; FAILED_PRECONDITION */
  async publish(workspace: string, { name, target, overwrite, ...key }: Publish): Promise<Iteration> {
    try {
      return await this.change(workspace, key, async (iteration, session) => {
        requireTrained(iteration);
        if (iteration.publishName !== null && iteration.publishName !== name)
          throw new DomainError('FAILED_PRECONDITION', 'The iteration is published under another name.', {
            reason: 'published',
          });
        if (iteration.publishName === name && !overwrite)
          throw new DomainError('FAILED_PRECONDITION', 'The iteration is published already.', { reason: 'published' });
        if (overwrite) await this.iterations.clearPublishName(workspace, iteration.project, name, session);
        return { publishName: name, publishTarget: target };
      });
    } catch (error) {
      if (!isDuplicateKey(error)) throw error;
      throw new DomainError('CONFLICT', 'Another iteration is published under this name.', { field: 'publishName' });
    }
  }

  unpublish(workspace: string, key: IterationKey): Promise<Iteration> {
    return this.change(workspace, key, () => Promise.resolve({ publishName: null, publishTarget: null }));
  }

  /** @throws DomainError FAILED_PRECONDITION for one that clients use */
  async delete(workspace: string, key: IterationKey): Promise<void> {
    const iteration = await this.inTurn(workspace, key, async (session) => {
      const iteration = await this.iterations.get(workspace, key, session);
      requireUnused(iteration);
      await this.iterations.markDeleted(workspace, iteration._id, session);
      return iteration;
    });
    // What fails now, or is cut off, is done in a later round.
    await this.tending.removeDeleted(iteration).catch(() => undefined);
  }

  private async change(
    workspace: string,
    key: IterationKey,
    work: (iteration: IterationDocument, session: ClientSession) => Promise<Partial<IterationDocument>>,
  ): Promise<Iteration> {
    const changed = await this.inTurn(workspace, key, async (session) => {
      const iteration = await this.iterations.get(workspace, key, session);
      const set = { ...(await work(iteration, session)), modifiedAt: systemDate() };
      return this.iterations.update(workspace, iteration._id, { $set: set }, session);
    });
    if (!changed) throw notFound('iteration');
    return this.show(changed);
  }

  private inTurn<T>(workspace: string, { projectId }: IterationKey, work: (session: ClientSession) => Promise<T>) {
    return this.transactions.runInTurn([`${workspace}/${projectId}`], work);
  }

  private async show(iteration: IterationDocument): Promise<Iteration> {
    if (iteration.status !== 'training') return toIteration(iteration, iteration.status === 'completed' ? 1 : 0);
    const job = await this.ledger.find(iteration.job);
    return toIteration(iteration, job?.progress ?? 0);
  }
}

function requireUnused({ publishName, isDefault }: IterationDocument): void {
  if (publishName !== null)
    throw new DomainError('FAILED_PRECONDITION', 'The iteration is published: unpublish it first.', {
      reason: 'published',
    });
  if (isDefault)
    throw new DomainError('FAILED_PRECONDITION', 'The iteration is the default one.', { reason: 'default' });
}
