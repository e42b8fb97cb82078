import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { sweepUnknown, type BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import { contentContracts, holderOfDataset } from '@pentaprism/contracts';
import { systemNow } from '@pentaprism/domain';
import { endJob } from '@pentaprism/jobs';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, Rounds } from '@pentaprism/service';
import { DatasetRepository } from './dataset.repository.js';
import { DatasetRowsRepository } from './dataset-rows.repository.js';
import type { DatasetDocument } from './dataset.schema.js';

const ROUND_MS = 10_000;
const SWEEP_MS = 600_000;
const BATCH = 100;
/**
 * Milliseconds that a file of the area `datasets` stays without a record: longer than from the last byte of an upload to
 * its record, and from the table of an import to its first batch.
 */
export const DATASET_FILE_GRACE_MS = 3600 * 1000;

const DATASETS_AREA = 'datasets';

/** Removes deleted datasets with everything that belongs to them, and files that no dataset has. */
@Injectable()
export class TendDatasets implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;

  constructor(
    private readonly bus: Bus,
    private readonly datasets: DatasetRepository,
    private readonly rows: DatasetRowsRepository,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    this.rounds = new Rounds('datasets', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.every(ROUND_MS, () => this.removeDeleted());
    this.rounds.every(SWEEP_MS, () => this.sweep());
    this.rounds.once(ROUND_MS, () => this.sweep());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** One round; public for tests. */
  async removeDeleted(): Promise<void> {
    for (const dataset of await this.datasets.findDeleted(BATCH)) {
      if (this.rounds.stopped) return;
      // One that fails must not keep the others. It is found again in the next round.
      await this.remove(dataset).catch((error: unknown) =>
        this.logger.warn({ err: error, dataset: dataset._id }, 'datasets: not removed'),
      );
    }
  }

  /** Removes files that no dataset has. Public for tests. Returns how many were removed. */
  sweep(now = systemNow()): Promise<number> {
    const known = (workspace: string, hashes: string[]) => this.datasets.knownFiles(workspace, hashes);
    const before = new Date(now - DATASET_FILE_GRACE_MS);
    return sweepUnknown(this.blobs, DATASETS_AREA, before, known, () => this.rounds.stopped);
  }

  /** Ends the import of a dataset, also if it has ended already. */
  abortImport({ workspace, job }: DatasetDocument): Promise<void> {
    return endJob(this.bus, 'training-ingest', { workspace, job });
  }

  /** The record goes last, so that a removal that is cut off is found again. */
  private async remove(dataset: DatasetDocument): Promise<void> {
    const { _id, workspace } = dataset;
    await this.abortImport(dataset);
    const holder = holderOfDataset(_id.toHexString());
    for (let left = true; left;) {
      if (this.rounds.stopped) return;
      ({ left } = await this.bus.call(contentContracts.release, { holder }, { context: { workspace } }));
    }
    while (!(await this.rows.removeSome(dataset))) if (this.rounds.stopped) return;
    await this.datasets.remove(dataset);
  }
}
