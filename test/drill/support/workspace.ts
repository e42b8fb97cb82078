import { createRandom } from '@pentaprism/domain';
import { eventually } from '@pentaprism/testing';
import sharp from 'sharp';
import { z } from 'zod';
import { filePart } from '../../e2e/support/datasets.js';
import { basic, FILTERS, form, infoPart, mediaPart, MODALITY } from '../../e2e/support/filters.js';
import { send, type Answer, type SendOptions } from '../../e2e/support/http.js';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { radiograph } from './radiographs.js';
import { EXAMPLE_TEXT } from './routes.js';
import { VisionClient } from './vision-client.js';
import { isVisionKind, VisionWorkspace, type VisionKind } from './vision-workspace.js';

export const ROLES = ['reader', 'editor', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** What something in a workspace is found by. */
export type Kind =
  | 'imageNumber'
  | 'tagNumber'
  | 'tagName'
  | 'project'
  | 'image'
  | 'projectImage'
  | 'list'
  | 'samples'
  | 'status'
  | 'dataset'
  | 'datasetProject'
  | 'aimedProject'
  | 'modeledProject'
  | 'model'
  | 'trainingProject'
  | 'jobNumber'
  | 'predictedProject'
  | 'predictionDataset'
  | 'tablePrediction'
  | 'predictingProject'
  | 'key'
  | 'radiograph'
  | 'session'
  | 'sessionImage'
  | VisionKind;

const KEPT = ['project', 'image', 'projectImage', 'samples', 'status'] as const;
/** A session before the image in it, and a project before its model or job. */
const MADE = [
  ...(['imageNumber', 'tagNumber', 'tagName', 'list', 'key', 'radiograph', 'session', 'sessionImage'] as const),
  ...([
    'dataset',
    'datasetProject',
    'aimedProject',
    'modeledProject',
    'model',
    'trainingProject',
    'jobNumber',
    'predictedProject',
    'predictionDataset',
    'tablePrediction',
    'predictingProject',
  ] as const),
] as const;
/** A blueprint of every project that predicts classes. */
export const BLUEPRINT = 'keras-linear-classifier';
const JOB_WITHIN_MS = 30_000;

const record = z.object({ id: z.int(), url: z.string(), tags: z.array(z.object({ id: z.int() })) });

/** A tenant with a key of each role and something of every kind. */
export class Workspace {
  private readonly keys = new Map<Role, string>();
  private readonly kept = new Map<Kind, string>();
  private made = 0;
  private ownVision: VisionWorkspace | undefined;
  /** The image in the session that was made last. */
  private sessionImage: string | undefined;
  /** The model in the project that was made last for one. */
  private model: string | undefined;
  /** The number of the last job in the project that was made last for one. */
  private jobNumber: string | undefined;
  /** The data to predict in the project that was made last for some, and what was predicted for it. */
  private predictionDataset: string | undefined;
  private tablePrediction: string | undefined;
  /** Of a file, signed. */
  url = '';

  private constructor(
    private readonly faulty: FaultyStack,
    /** Also in every name that it gives: what others must never see. */
    readonly name: string,
  ) {}

  static async make(faulty: FaultyStack, name: string): Promise<Workspace> {
    const workspace = new Workspace(faulty, name);
    for (const role of ROLES) {
      const body = { name: `${name} ${role}`, role, workspace: name };
      const answer = await workspace.send('POST', '/keys', faulty.stack.ownerKey, body);
      workspace.keys.set(role, z.object({ key: z.string() }).parse(json(answer, 201)).key);
    }
    await workspace.makeSamples();
    await workspace.vision.things();
    return workspace;
  }

  key(role: Role): string {
    return this.keys.get(role) ?? '';
  }

  /** What it has of Custom Vision. */
  get vision(): VisionWorkspace {
    return (this.ownVision ??= new VisionWorkspace(this.visionClient('owner'), this.name));
  }

  visionClient(role: Role): VisionClient {
    return new VisionClient(this.faulty.stack.url, this.key(role));
  }

  /** Something of this kind; a new one where a request may change it. */
  async thing(kind: Kind): Promise<string> {
    const kept = this.kept.get(kind);
    if (kept !== undefined) return kept;
    if (isVisionKind(kind)) return (await this.vision.things())[kind];
    const name = `${this.name}-${(this.made += 1)}`;
    if (kind === 'tagName') return this.tag(name).then(() => name);
    if (kind === 'tagNumber') return this.tag(name);
    if (kind === 'imageNumber') return this.upload(name, []);
    if (kind === 'radiograph') return idOf(await this.sendForm(`${FILTERS}/images`, this.key('owner')));
    if (kind === 'session') return this.beginSession();
    if (kind === 'dataset') return this.importDataset(name);
    if (kind === 'datasetProject') return this.makeProject(name);
    if (kind === 'aimedProject') return this.aim(await this.makeProject(name));
    if (kind === 'modeledProject') return this.trainOne(await this.aim(await this.makeProject(name)));
    if (kind === 'model') return this.model ?? this.thing('modeledProject').then(() => this.model ?? '');
    if (kind === 'trainingProject') return this.trainAll(await this.aim(await this.makeProject(name)));
    if (kind === 'jobNumber') return this.jobNumber ?? this.thing('trainingProject').then(() => this.jobNumber ?? '');
    if (kind === 'predictedProject') return this.predictOne(name, true);
    if (kind === 'predictingProject') return this.predictOne(name, false);
    if (kind === 'predictionDataset')
      return this.predictionDataset ?? this.thing('predictedProject').then(() => this.predictionDataset ?? '');
    if (kind === 'tablePrediction')
      return this.tablePrediction ?? this.thing('predictedProject').then(() => this.tablePrediction ?? '');
    if (kind === 'sessionImage') return this.sessionImage ?? this.beginSession().then(() => this.sessionImage ?? '');
    if (kind === 'list') {
      const body = { ...this.recipe(name), initialList: false };
      const answer = await this.post('/api/v2/imageAugmentationLists/', body, 201);
      const { augmentationListId } = z.object({ augmentationListId: z.string() }).parse(answer);
      await this.samples(`/api/v2/imageAugmentationLists/${augmentationListId}/samples/`, { numberOfRows: 1 });
      return augmentationListId;
    }
    const answer = await this.post('/keys', { name, role: 'reader' }, 201);
    return z.object({ id: z.string() }).parse(answer).id;
  }

  /** From now on `thing` tells of the same ones, and makes nothing more. */
  async keepOneOfEach(): Promise<void> {
    for (const kind of MADE) this.kept.set(kind, await this.thing(kind));
  }

  /** Makes the numbers of images and tags run ahead of those of a workspace that has fewer. */
  async runAhead(by: number): Promise<void> {
    for (let done = 0; done < by; done += 100) {
      const tags = Array.from({ length: 100 }, (_, i) => `${this.name}-ahead-${done + i}`);
      await this.post('/v1/images', { filename: this.name, tags }, 201);
    }
    for (let i = 0; i < by; i++) await this.post('/v1/images', { filename: this.name }, 201);
  }

  /** Makes jobs until their numbers are above one of another workspace. */
  async passJobNumber(number: string): Promise<void> {
    while (Number(await this.thing('jobNumber')) <= Number(number)) await this.thing('trainingProject');
  }

  /** All that its owner sees, but for signatures, which differ from second to second. */
  async view(): Promise<string> {
    const project = this.kept.get('project');
    const dataset = `/api/v2/datasets/${this.kept.get('dataset')}`;
    const paths = [
      ...['/api/v2/datasets/', `${dataset}/`, `${dataset}/allFeaturesDetails/`, `${dataset}/findings/`],
      ...['/v1/images', '/keys', '/api/v2/projects/', `/api/v2/imageAugmentationLists/?projectId=${project}`],
      `/api/v2/imageAugmentationSamples/${this.kept.get('samples')}/`,
      `${FILTERS}/images/${this.kept.get('radiograph')}`,
      `${MODALITY}/acquisition/${this.kept.get('session')}`,
      `${MODALITY}/acquisition/${this.kept.get('session')}/images`,
    ];
    const answers = await Promise.all(paths.map((path) => this.send('GET', path, this.key('owner'))));
    const seen = [...answers.map((answer) => json(answer, 200)), ...(await this.vision.view())];
    return seen.map((each) => JSON.stringify(each).replaceAll(/\?expires[^"]*/g, '')).join('\n');
  }

  send(method: string, path: string, key: string, body?: unknown): Promise<Answer> {
    const headers = { 'content-type': 'application/json' };
    return this.sendAs(key, method, path, body === undefined ? {} : { headers, body: JSON.stringify(body) });
  }

  /** A right form with a radiograph that nobody else has, and that names this workspace. */
  async sendForm(path: string, key: string): Promise<Answer> {
    if (path.startsWith('/api/v2/'))
      return this.sendAs(key, 'POST', path, form([filePart(await this.picture(), 'picture.png')]));
    const media = radiograph(createRandom(`${this.name}-${(this.made += 1)}`), this.name);
    return this.sendAs(key, 'POST', path, form([infoPart(), mediaPart(media)]));
  }

  private async post(path: string, body: unknown, status: number): Promise<unknown> {
    return json(await this.send('POST', path, this.key('owner'), body), status);
  }

  private sendAs(key: string, method: string, path: string, { headers, ...options }: SendOptions): Promise<Answer> {
    // These APIs take no other scheme.
    const authorization = path.startsWith('/api/dsio/') ? basic('', key) : `Bearer ${key}`;
    return send(method, `${this.faulty.stack.url}${path}`, { headers: { authorization, ...headers }, ...options });
  }

  /** With an image. @returns the session's id */
  private async beginSession(): Promise<string> {
    const answer = await this.send('POST', `${MODALITY}/acquisition`, this.key('owner'));
    const { sessionId } = z.object({ sessionId: z.string() }).parse(json(answer, 201));
    this.sessionImage = idOf(await this.sendForm(`${MODALITY}/acquisition/${sessionId}/images`, this.key('owner')));
    return sessionId;
  }

  private async upload(name: string, tags: readonly string[]): Promise<string> {
    const body = { filename: name, tags, image_data: (await this.picture()).toString('base64') };
    return String(z.object({ id: z.int() }).parse(await this.post('/v1/upload', body, 201)).id);
  }

  private picture(red = this.made % 256): Promise<Buffer> {
    const background = { r: red, g: this.name.length, b: this.name.charCodeAt(0) };
    return sharp({ create: { width: 64, height: 64, channels: 3, background } })
      .png()
      .toBuffer();
  }

  private async tag(name: string): Promise<string> {
    const { tags } = await this.record(await this.upload(name, [name]));
    return String(tags[0]?.id);
  }

  private async record(number: string) {
    return record.parse(json(await this.send('GET', `/v1/images/${number}`, this.key('owner')), 200));
  }

  private recipe(name: string) {
    const projectId = this.kept.get('project');
    return { projectId, name, transformationProbability: 1, numberOfNewImages: 1, transformations: [{ name: 'blur' }] };
  }

  /** @returns the id of the job, which has ended */
  private async samples(path: string, body: unknown): Promise<string> {
    const { statusId } = z.object({ statusId: z.string() }).parse(await this.post(path, body, 202));
    await this.end(statusId);
    return statusId;
  }

  private async end(statusId: string): Promise<void> {
    const done = async () => json(await this.send('GET', `/api/v2/status/${statusId}/`, this.key('owner')), 303);
    await eventually(done, { timeoutMs: JOB_WITHIN_MS });
  }

  /** A table that names this workspace, with something to find. @returns the id of the dataset */
  private async importDataset(name: string): Promise<string> {
    const body = `image,text\ndata:image/png;base64,AAAA,${name}\ndata:image/png;base64,,${name}\n`;
    const uploaded = form([filePart(body, `${name}.csv`)]);
    const answer = await this.sendAs(this.key('owner'), 'POST', '/api/v2/datasets/fromFile/', uploaded);
    const created = z.object({ catalogId: z.string(), statusId: z.string() }).parse(json(answer, 202));
    await this.end(created.statusId);
    return created.catalogId;
  }

  /** A project of four images, and of two classes that name this workspace. @returns the id of the project */
  private async makeProject(name: string): Promise<string> {
    const rows = await Promise.all(
      [1, 2, 3, 4].map(async (n) => `${(await this.picture(n)).toString('base64')},${name}-class-${n % 2}`),
    );
    const uploaded = form([filePart(`image,${EXAMPLE_TEXT}\n${rows.join('\n')}\n`, `${name}.csv`)]);
    const answer = await this.sendAs(this.key('owner'), 'POST', '/api/v2/projects/', uploaded);
    const created = z.object({ pid: z.string(), statusId: z.string() }).parse(json(answer, 202));
    await this.end(created.statusId);
    return created.pid;
  }

  /** Sets the target of a project. @returns the id of the project */
  private async aim(project: string): Promise<string> {
    const body = { target: EXAMPLE_TEXT, mode: 'manual' };
    const answer = await this.send('PATCH', `/api/v2/projects/${project}/aim/`, this.key('owner'), body);
    if (answer.status !== 202) throw new Error(`${answer.status} ${answer.bytes.toString()}`);
    await this.end(/[0-9a-f]{24}/.exec(String(answer.headers.location))?.[0] ?? '');
    return project;
  }

  /** Trains a model in a project with a target. @returns the id of the project */
  private async trainOne(project: string): Promise<string> {
    const path = `/api/v2/projects/${project}/models/`;
    const { statusId } = z
      .object({ statusId: z.string() })
      .parse(await this.post(path, { blueprintId: BLUEPRINT }, 202));
    await this.end(statusId);
    const models = json(await this.send('GET', path, this.key('owner')), 200);
    this.model = z.tuple([z.object({ id: z.string() })]).parse(models)[0].id;
    return project;
  }

  /** Begins the training of all models in a project with a target. @returns the id of the project */
  private async trainAll(project: string): Promise<string> {
    const path = `/api/v2/projects/${project}`;
    const begun = await this.send('POST', `${path}/autopilots/`, this.key('owner'));
    if (begun.status !== 202) throw new Error(`${begun.status} ${begun.bytes.toString()}`);
    const listed = json(await this.send('GET', `${path}/jobs/`, this.key('owner')), 200);
    const { jobs } = z.object({ jobs: z.array(z.object({ id: z.string() })).min(1) }).parse(listed);
    this.jobNumber = jobs.at(-1)?.id;
    return project;
  }

  /** Uploads data to a project of its own with a model, and has it predicted. @returns the id of the project */
  private async predictOne(name: string, wait: boolean): Promise<string> {
    const project = await this.trainOne(await this.aim(await this.makeProject(name)));
    const path = `/api/v2/projects/${project}`;
    const uploaded = form([filePart(`image\n${(await this.picture(1)).toString('base64')}\n`, `${name}.csv`)]);
    const answer = await this.sendAs(this.key('owner'), 'POST', `${path}/predictionDatasets/fileUploads/`, uploaded);
    const created = z.object({ datasetId: z.string(), statusId: z.string() }).parse(json(answer, 202));
    await this.end(created.statusId);
    this.predictionDataset = created.datasetId;
    const body = { modelId: this.model, datasetId: created.datasetId };
    const begun = await this.send('POST', `${path}/predictions/`, this.key('owner'), body);
    const { statusId } = z.object({ statusId: z.string() }).parse(json(begun, 202));
    this.jobNumber = /(\d+)\/$/.exec(String(begun.headers.location))?.[1];
    if (!wait) return project;
    await this.end(statusId);
    const status = await this.send('GET', `/api/v2/status/${statusId}/`, this.key('owner'));
    this.tablePrediction = /([0-9a-f]{24})\/$/.exec(String(status.headers.location))?.[1];
    return project;
  }

  private async makeSamples(): Promise<void> {
    this.url = (await this.record(await this.upload(this.name, []))).url;
    const projects = json(await this.send('GET', '/api/v2/projects/', this.key('owner')), 200);
    this.kept.set('project', z.tuple([z.object({ id: z.string() })]).parse(projects)[0].id);
    const body = { ...this.recipe(this.name), numberOfRows: 1 };
    const statusId = await this.samples('/api/v2/imageAugmentationSamples/', body);
    const path = `/api/v2/imageAugmentationSamples/${statusId}/`;
    const { data } = z
      .object({ data: z.array(z.object({ imageId: z.string() })).min(2) })
      .parse(json(await this.send('GET', path, this.key('owner')), 200));
    const projectImage = /[0-9a-f]{24}/.exec(new URL(this.url).pathname)?.[0] ?? '';
    const made = { status: statusId, samples: statusId, image: data[1]?.imageId ?? '', projectImage };
    for (const kind of KEPT) if (kind !== 'project') this.kept.set(kind, made[kind]);
  }
}

function idOf(answer: Answer): string {
  return z.object({ id: z.string() }).parse(json(answer, 201)).id;
}

function json(answer: Answer, status: number): unknown {
  const text = answer.bytes.toString('utf8');
  if (answer.status !== status) throw new Error(`${answer.status} instead of ${status}: ${text}`);
  return JSON.parse(text);
}
