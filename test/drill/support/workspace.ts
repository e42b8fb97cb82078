import { createRandom } from '@pentaprism/domain';
import { eventually } from '@pentaprism/testing';
import sharp from 'sharp';
import { z } from 'zod';
import { filePart } from '../../e2e/support/datasets.js';
import { basic, FILTERS, form, infoPart, mediaPart, MODALITY } from '../../e2e/support/filters.js';
import { send, type Answer, type SendOptions } from '../../e2e/support/http.js';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { radiograph } from './radiographs.js';
import { isTableKind, json, TableWorkspace, type TableKind, type TableOwner } from './table-workspace.js';
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
  | 'key'
  | 'radiograph'
  | 'session'
  | 'sessionImage'
  | TableKind
  | VisionKind;

const KEPT = ['project', 'image', 'projectImage', 'samples', 'status'] as const;
/** A session before the image in it. */
const MADE = [
  ...(['imageNumber', 'tagNumber', 'tagName', 'list', 'dataset', 'key'] as const),
  ...(['radiograph', 'session', 'sessionImage'] as const),
] as const;
const JOB_WITHIN_MS = 30_000;

const record = z.object({ id: z.int(), url: z.string(), tags: z.array(z.object({ id: z.int() })) });

/** A tenant with a key of each role and something of every kind. */
export class Workspace {
  private readonly keys = new Map<Role, string>();
  private readonly kept = new Map<Kind, string>();
  private made = 0;
  private ownVision: VisionWorkspace | undefined;
  private ownTables: TableWorkspace | undefined;
  /** The image in the session that was made last. */
  private sessionImage: string | undefined;
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

  /** What it has of projects that were made of tables. */
  get tables(): TableWorkspace {
    return (this.ownTables ??= new TableWorkspace(this.asTableOwner()));
  }

  visionClient(role: Role): VisionClient {
    return new VisionClient(this.faulty.stack.url, this.key(role));
  }

  /** Something of this kind; a new one where a request may change it. */
  async thing(kind: Kind): Promise<string> {
    const kept = this.kept.get(kind);
    if (kept !== undefined) return kept;
    if (isVisionKind(kind)) return (await this.vision.things())[kind];
    if (isTableKind(kind)) return (await this.tables.things())[kind];
    const name = `${this.name}-${(this.made += 1)}`;
    if (kind === 'tagName') return this.tag(name).then(() => name);
    if (kind === 'tagNumber') return this.tag(name);
    if (kind === 'imageNumber') return this.upload(name, []);
    if (kind === 'radiograph') return idOf(await this.sendForm(`${FILTERS}/images`, this.key('owner')));
    if (kind === 'session') return this.beginSession();
    if (kind === 'dataset') return this.importDataset(name);
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
    // The jobs of others are asked for in the project that they are jobs of.
    this.kept.set('jobProject', await this.thing('modeledProject'));
  }

  /** Makes the numbers of images and tags run ahead of those of a workspace that has fewer. */
  async runAhead(by: number): Promise<void> {
    for (let done = 0; done < by; done += 100) {
      const tags = Array.from({ length: 100 }, (_, i) => `${this.name}-ahead-${done + i}`);
      await this.post('/v1/images', { filename: this.name, tags }, 201);
    }
    for (let i = 0; i < by; i++) await this.post('/v1/images', { filename: this.name }, 201);
  }

  /** All that its owner sees, but for signatures, which differ from second to second. */
  async view(): Promise<string> {
    const project = this.kept.get('project');
    const dataset = `/api/v2/datasets/${this.kept.get('dataset')}`;
    const { modeledProject, model, tablePrediction } = await this.tables.things();
    const modeled = `/api/v2/projects/${modeledProject}`;
    const paths = [
      ...['/api/v2/datasets/', `${dataset}/`, `${dataset}/allFeaturesDetails/`, `${dataset}/findings/`],
      ...['/', `/models/${model}/`, '/jobs/?status=COMPLETED'].map((path) => modeled + path),
      ...['/predictionDatasets/', `/predictions/${tablePrediction}/`].map((path) => modeled + path),
      `${modeled}/models/${model}/imageEmbeddings/?featureName=image`,
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

  /** Waits until a job has ended. @returns where its result is */
  private async end(statusId: string): Promise<string> {
    const done = async () => {
      const answer = await this.send('GET', `/api/v2/status/${statusId}/`, this.key('owner'));
      json(answer, 303);
      return String(answer.headers.location);
    };
    return eventually(done, { timeoutMs: JOB_WITHIN_MS });
  }

  private asTableOwner(): TableOwner {
    return {
      name: this.name,
      request: (method, path, body) => this.send(method, path, this.key('owner'), body),
      upload: (path, part) => this.sendAs(this.key('owner'), 'POST', path, form([part])),
      picture: (red) => this.picture(red),
      end: (statusId) => this.end(statusId),
    };
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
