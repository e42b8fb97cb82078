import { z } from 'zod';
import type { Part } from '../../e2e/support/filters.js';
import type { Answer } from '../../e2e/support/http.js';
import { filePart } from '../../e2e/support/datasets.js';
import { EXAMPLE_TEXT } from './routes.js';

/** What something of a project that was made of a table is found by. */
export const TABLE_KINDS = [
  'datasetProject',
  'aimedProject',
  'modeledProject',
  'jobProject',
  'model',
  'jobNumber',
  'modelJobNumber',
  'predictJobNumber',
  'predictionDataset',
  'tablePrediction',
] as const;
export type TableKind = (typeof TABLE_KINDS)[number];
export const isTableKind = (kind: string): kind is TableKind => (TABLE_KINDS as readonly string[]).includes(kind);
export type TableThings = Readonly<Record<TableKind, string>>;

/** A blueprint of every project that predicts classes. */
export const BLUEPRINT = 'keras-linear-classifier';

/** What a workspace has to offer to its tables. Requests are those of its owner. */
export interface TableOwner {
  readonly name: string;
  request(method: string, path: string, body?: unknown): Promise<Answer>;
  upload(path: string, part: Part): Promise<Answer>;
  picture(red: number): Promise<Buffer>;
  /** Waits until a job has ended. Returns where its result is. */
  end(statusId: string): Promise<string>;
}

/** Requests that need things of their own: they remove them, use them up, or ask for jobs of a project that has some. */
const MADE_FOR: readonly (readonly [RegExp, (made: TableWorkspace) => Promise<Partial<TableThings>>])[] = [
  [/^(?:DELETE .*\/projects\/\{projectId\}|PATCH .*\/aim)$/, (made) => made.project()],
  [/^POST .*\/(?:models|autopilots?)$/, (made) => made.trainable()],
  [/^DELETE .*\/models\/\{modelId\}$/, (made) => made.train()],
  [/^DELETE .*\/predictionDatasets\/\{datasetId\}$/, (made) => made.predictionDatasetOfItsOwn()],
  [/^DELETE .*\/(?:jobs|modelJobs)\/\{jobId\}$/, (made) => made.pendingTraining()],
  [/^DELETE .*\/predictJobs\/\{jobId\}$/, (made) => made.pendingPrediction()],
  [/^GET .*\/(?:jobs|modelJobs|predictJobs)\/\{jobId\}$/, (made) => made.jobsOfModels()],
];

const idBody = z.object({ id: z.string() });

/** Two projects of a workspace with a target: one that has a model and what was predicted by it, and one without jobs. */
export class TableWorkspace {
  private shared: Promise<TableThings> | undefined;
  private made = 0;

  constructor(private readonly owner: TableOwner) {}

  /** What refused requests may ask for. The project for jobs has none, so that no number of a job is one of its own. */
  things(): Promise<TableThings> {
    this.shared ??= this.makeShared();
    return this.shared;
  }

  /** What a request of one's own may ask for, whatever it does. @param title method and path */
  async thingsFor(title: string): Promise<TableThings> {
    const shared = await this.things();
    const [, make] = MADE_FOR.find(([pattern]) => pattern.test(title)) ?? [];
    return { ...shared, ...(await make?.(this)) };
  }

  /** The same with the project whose jobs they are. */
  async jobsOfModels(): Promise<Partial<TableThings>> {
    return { jobProject: (await this.things()).modeledProject };
  }

  /** A project of four images and of two classes, without a target. */
  async project(): Promise<Partial<TableThings>> {
    const name = this.newName();
    const rows = await Promise.all(
      [1, 2, 3, 4].map(async (n) => `${await this.encoded(n)},${this.owner.name}-class-${n % 2}`),
    );
    const part = filePart(`image,${EXAMPLE_TEXT}\n${rows.join('\n')}\n`, `${name}.csv`);
    const created = json(await this.owner.upload('/api/v2/projects/', part), 202);
    const { pid, statusId } = z.object({ pid: z.string(), statusId: z.string() }).parse(created);
    await this.owner.end(statusId);
    return { datasetProject: pid };
  }

  /** A model of the shared project. */
  async train(): Promise<Partial<TableThings>> {
    return this.trainIn((await this.things()).modeledProject);
  }

  /** A project with a target, none of whose blueprints is being trained. */
  async trainable(): Promise<Partial<TableThings>> {
    return { aimedProject: await this.aimed() };
  }

  async predictionDatasetOfItsOwn(): Promise<Partial<TableThings>> {
    return this.uploadTo((await this.things()).modeledProject);
  }

  /** The last one of all trainings of a new project, which has not begun. */
  async pendingTraining(): Promise<Partial<TableThings>> {
    const jobProject = await this.aimed();
    const path = `/api/v2/projects/${jobProject}`;
    accepted(await this.owner.request('POST', `${path}/autopilots/`));
    const { jobs } = z.object({ jobs: z.array(idBody).min(1) }).parse(json(await this.owner.request('GET', `${path}/jobs/`), 200)); // prettier-ignore
    const number = jobs.at(-1)?.id ?? '';
    return { jobProject, jobNumber: number, modelJobNumber: number };
  }

  async pendingPrediction(): Promise<Partial<TableThings>> {
    const { modeledProject: jobProject, model } = await this.things();
    const { predictionDataset } = await this.uploadTo(jobProject);
    const { number } = await this.predict(jobProject, { modelId: model, datasetId: predictionDataset });
    return { jobProject, predictJobNumber: number };
  }

  private async makeShared(): Promise<TableThings> {
    const [jobProject, modeledProject] = await Promise.all([this.aimed(), this.aimed()]);
    const trained = await this.trainIn(modeledProject);
    const { predictionDataset } = await this.uploadTo(modeledProject);
    const { number, statusId } = await this.predict(modeledProject, {
      modelId: trained.model,
      datasetId: predictionDataset,
    });
    const tablePrediction = lastId(await this.owner.end(statusId));
    const projects = { datasetProject: modeledProject, aimedProject: modeledProject, modeledProject, jobProject };
    return { ...projects, ...trained, predictJobNumber: number, predictionDataset, tablePrediction };
  }

  /** Returns a project with a target. */
  private async aimed(): Promise<string> {
    const { datasetProject = '' } = await this.project();
    const body = { target: EXAMPLE_TEXT, mode: 'manual' };
    const answer = accepted(await this.owner.request('PATCH', `/api/v2/projects/${datasetProject}/aim/`, body));
    await this.owner.end(lastId(String(answer.headers.location)));
    return datasetProject;
  }

  private async trainIn(project: string) {
    const path = `/api/v2/projects/${project}/models/`;
    const { number, statusId } = begun(await this.owner.request('POST', path, { blueprintId: BLUEPRINT }));
    const model = lastId(await this.owner.end(statusId));
    return { model, jobNumber: number, modelJobNumber: number };
  }

  private async uploadTo(project: string) {
    const part = filePart(`image\n${await this.encoded(1)}\n`, `${this.newName()}.csv`);
    const answer = await this.owner.upload(`/api/v2/projects/${project}/predictionDatasets/fileUploads/`, part);
    const { datasetId, statusId } = z.object({ datasetId: z.string(), statusId: z.string() }).parse(json(answer, 202));
    await this.owner.end(statusId);
    return { predictionDataset: datasetId };
  }

  private async predict(project: string, body: { readonly modelId: string; readonly datasetId: string }) {
    return begun(await this.owner.request('POST', `/api/v2/projects/${project}/predictions/`, body));
  }

  private newName(): string {
    return `${this.owner.name}-table-${(this.made += 1)}`;
  }

  private async encoded(red: number): Promise<string> {
    return (await this.owner.picture(red)).toString('base64');
  }
}

/** The status and the number of a job that was begun. */
function begun(answer: Answer): { number: string; statusId: string } {
  const { statusId } = z.object({ statusId: z.string() }).parse(json(answer, 202));
  return { statusId, number: /(\d+)\/$/.exec(String(answer.headers.location))?.[1] ?? '' };
}

function lastId(url: string): string {
  return /([0-9a-f]{24})\/$/.exec(url)?.[1] ?? '';
}

function accepted(answer: Answer): Answer {
  if (answer.status !== 202) throw new Error(`${answer.status} instead of 202: ${answer.bytes.toString('utf8')}`);
  return answer;
}

/** Returns the body of an answer that has to have this status. */
export function json(answer: Answer, status: number): unknown {
  const text = answer.bytes.toString('utf8');
  if (answer.status !== status) throw new Error(`${answer.status} instead of ${status}: ${text}`);
  return JSON.parse(text);
}
