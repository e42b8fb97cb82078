import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fieldPart, filePart, type Json, type Reply } from '../../e2e/support/datasets.js';
import type { Asker, Sent } from './dataset-client.js';
import type { ProjectFile } from './project-files.js';

/** Models whose insights are requested. The others only predict. */
const EXPLAINED = 2;
/** Their routes and the types of their jobs. */
const INSIGHTS = [
  ['imageEmbeddings', 'compute_image_embeddings'],
  ['imageActivationMaps', 'compute_image_activation_maps'],
] as const;
const PAUSE_MS = 100;
/** Milliseconds in which jobs end, together with those before them in the queue and with those that a kill interrupts. */
const ENDED_WITHIN_MS = 420_000;

/** What a project has in the end, without ids: images stand for their places in the list of all images. */
export interface ProjectResult {
  readonly models: readonly Json[];
  /** By the number of the model in the order of blueprints. */
  readonly embeddings: readonly Json[];
  readonly maps: readonly Json[];
  readonly predictions: readonly Json[];
  readonly jobs: readonly Json[];
}

/** A project on its way from an upload to insights and predictions. */
export class ProjectWay {
  path = 'projects/none';
  project = '';
  dataset = '';
  private readonly requested: string[] = [];

  constructor(
    private readonly client: Asker,
    private readonly file: ProjectFile,
    private readonly name: string,
  ) {}

  /** Goes the whole way. Throws if a job does not complete. */
  async whole(): Promise<ProjectResult> {
    const models = await this.withModels();
    await this.requestInsights(models);
    await this.requestPredictions(models);
    const ends: Reply[] = [];
    for (const url of this.requested) ends.push(await this.completed(url));
    return this.result(models, ends);
  }

  /** Makes the project and trains all blueprints. Returns the models. */
  async withModels(): Promise<Json[]> {
    await this.completed(`status/${await this.upload()}/`);
    await this.completed(await this.setTarget());
    await this.trained();
    return this.models();
  }

  /** Uploads the file. Returns the id of the status. */
  async upload(): Promise<string> {
    const parts = [fieldPart('projectName', this.name), filePart(this.file.bytes, this.file.fileName)];
    const { status, body } = await this.client.ask('POST', 'projects/', [202], { parts });
    if (status !== 202) throw new Error(`${this.name}: the upload was answered with ${status}`);
    this.project = body.pid;
    this.dataset = body.catalogId;
    this.path = `projects/${body.pid}`;
    return body.statusId;
  }

  /** Sets the target, from which all blueprints are trained. Returns the URL of the status. */
  async setTarget(): Promise<string> {
    if (this.file.augments) {
      const list = { name: 'rotated', projectId: this.project, transformationProbability: 1, numberOfNewImages: 2, transformations: [{ name: 'rotation' }], initialList: true }; // prettier-ignore
      await this.client.ask('POST', 'imageAugmentationLists/', [201], { json: list });
    }
    const json = { target: this.file.target, mode: 'quick' };
    return located(await this.client.ask('PATCH', `${this.path}/aim/`, [202], { json }));
  }

  /** Waits until no model is being trained. */
  async trained(): Promise<void> {
    await this.until('trained', async () => {
      const { body } = await this.client.ask('GET', `${this.path}/status/`, [200]);
      return body?.autopilotDone === true ? body : undefined;
    });
  }

  /** Returns the models in the order of their blueprints. */
  async models(): Promise<Json[]> {
    await this.client.ask('PATCH', `${this.path}/`, [200], { json: { holdoutUnlocked: true } });
    const { body } = await this.client.ask('GET', `${this.path}/models/`, [200]);
    return body.sort((a: Json, b: Json) => (a.blueprintId < b.blueprintId ? -1 : 1));
  }

  async requestInsights(models: readonly Json[]): Promise<void> {
    for (const { id } of models.slice(0, EXPLAINED))
      for (const [kind, jobType] of INSIGHTS)
        await this.begin(`${this.path}/models/${id}/${kind}/`, { jobType, modelId: id });
  }

  async requestPredictions(models: readonly Json[]): Promise<void> {
    const parts = [filePart(this.file.toPredict, 'predict.csv')];
    const uploads = `${this.path}/predictionDatasets/fileUploads/`;
    const { body } = await this.client.ask('POST', uploads, [202], { parts });
    await this.completed(`status/${body.statusId}/`);
    for (const { id } of models) {
      const json = { modelId: id, datasetId: body.datasetId };
      await this.begin(`${this.path}/predictions/`, { jobType: 'predict', modelId: id }, { json });
    }
  }

  /** Begins a job. A request that is sent again finds the job that the first one has begun. */
  private async begin(url: string, { jobType, modelId }: Json, sent?: Sent): Promise<void> {
    const reply = await this.client.ask('POST', url, [202, 422], sent);
    if (!reply.repeated || reply.body?.errorName !== 'JobAlreadyAdded') {
      this.requested.push(located(reply));
      return;
    }
    const lists = ['jobs/', 'jobs/?status=COMPLETED'].map((list) =>
      this.client.ask('GET', `${this.path}/${list}`, [200]),
    );
    const jobs: Json[] = (await Promise.all(lists)).flatMap(({ body }) => body.jobs);
    const begun = jobs.find((job) => job.jobType === jobType && job.modelId === modelId);
    if (!begun) throw new Error(`${this.name}: there is no ${jobType} of ${modelId}, which is being computed`);
    this.requested.push(begun.url);
  }

  /** Waits for the end of a job. Throws if it is another one than its completion. */
  async completed(url: string): Promise<Reply> {
    const end = await this.ended(url);
    if (end.status !== 303) throw new Error(`${this.name}: not completed: ${end.bytes.toString().slice(0, 300)}`);
    return end;
  }

  /** Waits for the end of a job. Returns the last answer. */
  async ended(url: string): Promise<Reply> {
    return this.until(url, async () => {
      const reply = await this.client.ask('GET', url, [200, 303, 404]);
      const pending = ['INITIALIZED', 'RUNNING', 'queue', 'inprogress'].includes(reply.body?.status);
      return reply.status === 200 && pending ? undefined : reply;
    });
  }

  /** Deletes the project, then its dataset. That of a project whose creation is ended goes with it. */
  async remove(): Promise<void> {
    await this.client.ask('DELETE', `${this.path}/`, [204]);
    await this.client.ask('DELETE', `datasets/${this.dataset}/`, [204, 404]);
  }

  /** Returns what the API shows of the project and its dataset. */
  async shown(): Promise<string> {
    const { path, dataset } = this;
    const lists = ['', 'models/', 'features/', 'imageSamples/', 'images/', 'imageEmbeddings/', 'imageActivationMaps/'];
    const urls = [...lists.map((list) => `${path}/${list}`), `${path}/jobs/?status=COMPLETED`, `datasets/${dataset}/`];
    const replies: string[] = [];
    for (const url of urls) {
      const { status, bytes } = await this.client.ask('GET', url, [200]);
      replies.push(`${status} ${bytes.toString()}`);
    }
    return replies.join('\n');
  }

  private async until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
    for (const until = performance.now() + ENDED_WITHIN_MS; performance.now() < until; await sleep(PAUSE_MS)) {
      const found = await look();
      if (found !== undefined) return found;
    }
    throw new Error(`${this.name}: ${what} did not end within ${ENDED_WITHIN_MS} ms`);
  }

  private async result(models: readonly Json[], ends: readonly Reply[]): Promise<ProjectResult> {
    const get = async (url: string) => (await this.client.ask('GET', url, [200])).body;
    const samples = (await get(`${this.path}/imageSamples/?limit=0`)).data;
    const places = new Map<string, number>(samples.map(({ imageId }: Json, place: number) => [imageId, place]));
    const results = await Promise.all(ends.map(({ headers }) => get(String(headers.location))));
    const numbers = new Map(models.map(({ id }, number) => [id, number]));
    const { jobs } = await get(`${this.path}/jobs/?status=COMPLETED&limit=0`);
    return {
      models: models.map(({ blueprintId, modelType, metrics, trainingRowCount }) => ({ blueprintId, modelType, metrics, trainingRowCount })), // prettier-ignore
      embeddings: results.flatMap(({ embeddings, targetValues, targetBins }) =>
        embeddings
          ? { targetValues, targetBins, embeddings: embeddings.map((each: Json) => placed(each, places)) }
          : [],
      ),
      maps: await Promise.all(
        results.filter(({ activationMaps }) => activationMaps).map((maps) => this.mapsOf(maps, places)),
      ),
      predictions: results.flatMap(({ predictions }) => predictions ?? []),
      jobs: jobs.map(({ jobType, modelId, status }: Json) => `${jobType} ${status} ${numbers.get(modelId)}`).sort(),
    };
  }

  private async mapsOf(
    { activationMaps, activationMapHeight, activationMapWidth }: Json,
    places: ReadonlyMap<string, number>,
  ) {
    const maps: Json[] = [];
    for (const { overlayImageId, links, ...map } of activationMaps) {
      const { bytes } = await this.client.ask('GET', links.downloadOverlayImage, [200]);
      maps.push({
        ...placed(map, places),
        isNamed: links.downloadOverlayImage.includes(overlayImageId),
        overlay: hash(bytes),
      });
    }
    return { activationMapHeight, activationMapWidth, maps };
  }
}

/** Returns the numbers of a result that are not finite: JSON has null in their place. */
export function notFinite({ models, embeddings, maps, predictions }: ProjectResult): string[] {
  const numbers = [
    ...models.flatMap(({ metrics }) => Object.values(metrics).flatMap((scores) => Object.values(scores as object))),
    ...embeddings.flatMap((each) => each.embeddings.flatMap(({ positionX, positionY, prediction }: Json) => [positionX, positionY, ...prediction.values])), // prettier-ignore
    ...maps.flatMap((each) => each.maps.flatMap(({ activationValues }: Json) => activationValues.flat())),
    ...predictions.flatMap(({ prediction, predictionValues }) => predictionValues?.map(({ value }: Json) => value) ?? [prediction]), // prettier-ignore
  ];
  return numbers.filter((number) => typeof number !== 'number').map(String);
}

/** Returns what differs between two results of the same file. */
export function differing(is: ProjectResult, was: ProjectResult): string[] {
  return (Object.keys(was) as (keyof ProjectResult)[]).flatMap((part) => {
    const [a, b] = [JSON.stringify(is[part]), JSON.stringify(was[part])];
    const at = [...b].findIndex((character, i) => character !== a[i]);
    return a === b ? [] : [`${part}: …${a.slice(Math.max(0, at - 60), at + 60)}… instead of …${b.slice(Math.max(0, at - 60), at + 60)}…`]; // prettier-ignore
  });
}

function placed({ imageId, ...rest }: Json, places: ReadonlyMap<string, number>): Json {
  return { ...rest, image: places.get(imageId) };
}

function located({ headers, status, bytes }: Reply): string {
  if (!headers.location) throw new Error(`no Location: ${status} ${bytes.toString().slice(0, 200)}`);
  return headers.location;
}

const hash = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
