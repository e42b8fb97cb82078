import type { Random } from '@pentaprism/domain';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { wholeWithin } from '../drill.js';
import { PatientClient } from './dataset-client.js';
import type { DatasetFile } from './dataset-files.js';

/** Uploads at once. */
const LANES = 3;
/** Clients with a workspace each. A file that returns to a workspace has images that are decoded already. */
const CLIENTS = 24;
/** One dataset of so many is deleted in the middle of its import. */
const DELETED_OF = 3;
const SHARES = 10;
/** Milliseconds in which ten uploads are begun. */
const GOES_ON_WITHIN_MS = 180_000;
/** Milliseconds from the answer to an upload to the deletion. */
const MAX_DELAY_MS = 2500;

export interface UploadedDataset {
  readonly id: string;
  readonly name: string;
  readonly file: DatasetFile;
  readonly client: PatientClient;
  /** Set when the deletion was acknowledged. */
  deleted: boolean;
  /** Set when the import was seen to fail. */
  failure?: string;
}

/** Clients that upload, break off and delete datasets until they are stopped. */
export class DatasetLoad {
  readonly acknowledged: UploadedDataset[] = [];
  /** Names of uploads that were answered with an outage, so that a dataset may exist. */
  readonly doubtful = new Set<string>();
  brokenOff = 0;
  /** Deletions of datasets whose import had not ended. */
  deletedEarly = 0;
  private turn = 0;
  private stopping = false;
  private lanes: Promise<unknown> = Promise.resolve();

  private constructor(
    readonly clients: readonly PatientClient[],
    private readonly files: readonly DatasetFile[],
    private readonly random: Random,
  ) {}

  static async start(faulty: FaultyStack, files: readonly DatasetFile[], random: Random): Promise<DatasetLoad> {
    const clients: PatientClient[] = [];
    for (let i = 0; i < CLIENTS; i++) clients.push(await PatientClient.create(faulty, `kills-${i}`));
    const load = new DatasetLoad(clients, files, random);
    load.lanes = Promise.all(Array.from({ length: LANES }, () => load.lane()));
    // Reported by `stop`.
    load.lanes.catch(() => undefined);
    return load;
  }

  get wrongAnswers(): string[] {
    return this.clients.flatMap(({ wrongAnswers }) => wrongAnswers);
  }

  /** Waits for a number of acknowledged datasets, a deletion during an import, and uploads that broke off at each tenth. */
  async goesOn(datasets: number): Promise<void> {
    const missing = () => this.acknowledged.length < datasets || this.deletedEarly === 0 || this.brokenOff < SHARES;
    for (const until = performance.now() + GOES_ON_WITHIN_MS; missing() && performance.now() < until;) await sleep(100);
  }

  /** Waits for the end of what was begun. Throws if a lane failed. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.lanes;
  }

  private async lane(): Promise<void> {
    while (!this.stopping) await this.next(this.turn++);
  }

  /** Runs one turn. Uploads that break off take their shares from 0 to 9 tenths in turn. */
  private async next(turn: number): Promise<void> {
    const file = this.files[turn % this.files.length] as DatasetFile;
    const client = this.clients[Math.floor(turn / this.files.length) % CLIENTS] as PatientClient;
    await client.breakOff(file.bytes, `broken-off-${turn}`, (turn % SHARES) / SHARES);
    this.brokenOff++;
    const name = `${turn}-${file.fileName}`;
    const { status, body } = await client.upload(file.bytes, name);
    if (status !== 202) {
      this.doubtful.add(name);
      await sleep(MAX_DELAY_MS / 5);
      return;
    }
    const dataset: UploadedDataset = { id: body.catalogId, name, file, client, deleted: false };
    this.acknowledged.push(dataset);
    if (turn % DELETED_OF === 1) await this.deleteEarly(dataset, body.statusId);
    else await this.follow(dataset, body.statusId);
  }

  private async follow(dataset: UploadedDataset, statusId: string): Promise<void> {
    const { status, bytes } = await dataset.client.ended(statusId);
    if (status !== 303) dataset.failure = `${dataset.name}: ${bytes.toString().slice(0, 300)}`;
  }

  private async deleteEarly(dataset: UploadedDataset, statusId: string): Promise<void> {
    await sleep(wholeWithin(this.random, 0, MAX_DELAY_MS));
    // 404 is the answer to a deletion that was repeated after an outage.
    await dataset.client.ask('DELETE', `datasets/${dataset.id}/`, [204, 404]);
    dataset.deleted = true;
    const { status } = await dataset.client.ended(statusId);
    if (status === 200) this.deletedEarly++;
  }
}
