import { Injectable } from '@nestjs/common';
import { exportModel, type ExportedModel, type iterationContracts, type ParsedRequestOf } from '@pentaprism/contracts';
import { Transactions } from '@pentaprism/database';
import { DomainError, isCompactDomain } from '@pentaprism/domain';
import { JobLedger, JobQueue } from '@pentaprism/jobs';
import { IterationRepository, type IterationKey } from './iteration.repository.js';
import { requireTrained } from './require-trained.js';

/** Files of models, to be run elsewhere. Made by a job, once for each platform. */
@Injectable()
export class ExportModel {
  constructor(
    private readonly iterations: IterationRepository,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
  ) {}

  /** @throws DomainError FAILED_PRECONDITION for a model that is not trained, or not made for export */
  async request(
    workspace: string,
    { platform, ...key }: ParsedRequestOf<typeof iterationContracts.export>,
  ): Promise<ExportedModel> {
    const { job, exported } = await this.transactions.runInTurn([`${workspace}/${key.projectId}`], async (session) => {
      const iteration = await this.iterations.get(workspace, key, session);
      requireTrained(iteration);
      if (!isCompactDomain(iteration.domain))
        throw new DomainError('FAILED_PRECONDITION', 'Only models of a compact domain can be exported.', {
          reason: 'not-exportable',
        });
      const earlier = iteration.exports.find((each) => each.platform === platform);
      if (earlier && earlier.status !== 'failed') return { job: null, exported: earlier };
      const { model, tags, name, classificationType } = iteration;
      if (!model) throw new Error('a trained iteration has no model');
      const payload = {
        workspace,
        iterationId: key.iterationId,
        platform,
        name,
        classificationType,
        backbone: model.backbone,
        head: model.head,
        labels: tags.map((tag) => tag.name),
      };
      const job = await this.ledger.add(exportModel, { workspace, payload }, session);
      const exported = { platform, status: 'exporting' as const, content: null };
      const exports = [
        ...iteration.exports.filter((each) => each.platform !== platform),
        { ...exported, job: job._id.toHexString() },
      ];
      await this.iterations.update(workspace, iteration._id, { $set: { exports } }, session);
      return { job, exported };
    });
    if (job) await this.queue.enqueue(job);
    return exported;
  }

  async list(workspace: string, key: IterationKey): Promise<{ exports: ExportedModel[] }> {
    const { exports } = await this.iterations.get(workspace, key);
    return { exports };
  }
}
