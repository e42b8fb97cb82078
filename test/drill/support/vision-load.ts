import { createRandom, type Random } from '@pentaprism/domain';
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { form } from '../../e2e/support/filters.js';
import { send, type SendOptions } from '../../e2e/support/http.js';
import { pick, wholeWithin } from '../drill.js';
import { bytesBody, jsonBody, TRAINING, VisionClient } from './vision-client.js';
import { CLASSES, visionPicture, type Class } from './vision-pictures.js';

const PROJECTS = 3;
const CLIENTS_PER_PROJECT = 2;
/** Pictures of each class that are there before anything is killed: enough to train on. */
const FIRST = 6;
/** Pictures of a project that its clients send again and again: they must become one image each. */
const COMMON = 12;
/** One of so many pictures is a common one. */
const COMMON_OF = 4;
/** A project has at most 20 iterations, of which some are left for requests whose answer was lost. */
const MOST_TRAININGS = 12;
const PAUSE_MS = 60;
/**
 * Milliseconds until the load is given up. A client that waits for a batch of a service that was killed gets an answer only
 * when the deadline of the batch is over, and that may be all clients at once.
 */
const PATIENCE_MS = 100_000;
/** The API's own words for: not now. */
const NOT_NOW = [429, 503, 504];
/** What a good picture may meet with while nobody is there who looks at it. */
const REFUSED_FOR_NOW = ['ErrorUnknown', 'ErrorStorage', 'ErrorSource'];

const image = z.object({ id: z.string() });
const summary = z.object({ images: z.array(z.object({ status: z.string(), image: image.nullable() })) });
const tagged = z.object({
  created: z.array(z.object({ imageId: z.string(), tagId: z.string() })),
  duplicated: z.array(z.object({ imageId: z.string(), tagId: z.string() })),
});
const iterations = z.array(z.object({ id: z.string(), status: z.string() }));
const prediction = z.object({ id: z.string(), predictions: z.array(z.object({ tagId: z.string() })).min(1) });
const failure = z.object({ code: z.string().min(1), message: z.string().min(1) });

/** What a client was told of an image. */
export interface KeptImage {
  readonly sha256: string;
  readonly tags: Set<string>;
  /** Asked for without hearing the end, or told that it is gone. */
  deletion?: 'asked' | 'done';
}

export interface LoadedProject {
  readonly id: string;
  readonly tags: Readonly<Record<Class, string>>;
  readonly images: Map<string, KeptImage>;
  /** Hashes of all that was sent, with or without success. */
  readonly sent: Set<string>;
  /** Of trainings that were acknowledged. */
  readonly trainings: Set<string>;
  /** Ids of predictions that were to be kept. */
  readonly predictions: Set<string>;
  readonly common: readonly Picture[];
}

interface Picture {
  readonly bytes: Buffer;
  readonly of: Class;
  readonly sha256: string;
}

/** Clients of Custom Vision that upload, tag, delete, train and predict without end, in several projects. */
export class VisionLoad {
  readonly wrong: string[] = [];
  acknowledged = 0;
  duplicates = 0;
  deletions = 0;
  taggings = 0;
  private stopped = false;
  private clients: Promise<void>[] = [];
  /** Failures that were honest, the last of them. */
  private readonly lately: string[] = [];

  private constructor(
    private readonly client: VisionClient,
    readonly projects: readonly LoadedProject[],
  ) {}

  static async start(faulty: FaultyStack, seed: string): Promise<VisionLoad> {
    const client = new VisionClient(faulty.stack.url, faulty.stack.ownerKey);
    const projects: LoadedProject[] = [];
    for (let i = 0; i < PROJECTS; i++) projects.push(await newProject(client, `${seed}/project ${i}`));
    const load = new VisionLoad(client, projects);
    load.clients = projects.flatMap((project, p) =>
      Array.from({ length: CLIENTS_PER_PROJECT }, (_, c) => load.run(project, createRandom(`${seed}/${p}/${c}`))),
    );
    return load;
  }

  /** Resolves when `count` more uploads were acknowledged. */
  async goesOn(count: number): Promise<void> {
    const wanted = this.acknowledged + count;
    const until = Date.now() + PATIENCE_MS;
    while (this.acknowledged < wanted) {
      if (Date.now() > until)
        throw new Error(`no ${count} uploads within ${PATIENCE_MS} ms: ${this.lately.join(' | ')}`);
      await sleep(20);
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.clients);
  }

  private async run(project: LoadedProject, random: Random): Promise<void> {
    /** Images that this client alone may delete. */
    const own: string[] = [];
    const actions = [
      () => this.uploadBatch(project, random, own),
      () => this.uploadBatch(project, random, own),
      () => this.uploadForm(project, random, own),
      () => this.uploadForm(project, random, own),
      () => this.tag(project, random, own),
      () => this.delete(project, random, own),
      () => this.train(project),
      () => this.predict(project, random),
    ];
    while (!this.stopped) {
      await pick(random, actions)().catch((error: unknown) => this.wrong.push(String(error)));
      await sleep(PAUSE_MS);
    }
  }

  private async uploadBatch(project: LoadedProject, random: Random, own: string[]): Promise<void> {
    const pictures = await somePictures(project, random);
    const images = pictures.map(({ bytes, of }, i) => ({
      name: `${i}.png`,
      contents: bytes.toString('base64'),
      tagIds: [project.tags[of]],
    }));
    const answer = await this.ask(summary, project, 'POST', '/images/files', jsonBody({ images }));
    if (answer) this.keep(project, own, pictures, answer, ({ of }) => [project.tags[of]]);
  }

  private async uploadForm(project: LoadedProject, random: Random, own: string[]): Promise<void> {
    const pictures = await somePictures(project, random);
    const tag = project.tags[pick(random, CLASSES)];
    const parts = pictures.map(({ bytes }, i) => ({
      headers: [`Content-Disposition: form-data; name="imageData"; filename="${i}.png"`, 'Content-Type: image/png'],
      body: bytes,
    }));
    const answer = await this.ask(summary, project, 'POST', `/images?tagIds=${tag}`, form(parts));
    if (answer) this.keep(project, own, pictures, answer, () => [tag]);
  }

  private keep(
    project: LoadedProject,
    own: string[],
    pictures: readonly Picture[],
    { images }: z.output<typeof summary>,
    tagsOf: (picture: Picture) => readonly string[],
  ): void {
    if (images.length !== pictures.length) throw new Error(`${images.length} results of ${pictures.length} images`);
    images.forEach(({ status, image }, i) => {
      const picture = pictures[i] as Picture;
      if (REFUSED_FOR_NOW.includes(status) && !image) return void this.lately.push(status);
      if (!image || !['OK', 'OKDuplicate'].includes(status)) throw new Error(`a good picture is ${status}`);
      const known = project.images.get(image.id);
      if (known && known.sha256 !== picture.sha256) throw new Error(`${image.id} stands for two pictures`);
      const kept = known ?? { sha256: picture.sha256, tags: new Set<string>() };
      project.images.set(image.id, kept);
      this.acknowledged += 1;
      // What a duplicate brings is not promised to its first.
      if (status === 'OKDuplicate') this.duplicates += 1;
      else {
        for (const tag of tagsOf(picture)) kept.tags.add(tag);
        if (!project.common.includes(picture)) own.push(image.id);
      }
    });
  }

  private async tag(project: LoadedProject, random: Random, own: readonly string[]): Promise<void> {
    if (own.length === 0) return;
    const some = new Set(Array.from({ length: wholeWithin(random, 1, 8) }, () => pick(random, own)));
    const tags = [...some].map((imageId) => ({ imageId, tagId: project.tags[pick(random, CLASSES)] }));
    const answer = await this.ask(tagged, project, 'POST', '/images/tags', jsonBody({ tags }));
    for (const { imageId, tagId } of answer ? [...answer.created, ...answer.duplicated] : []) {
      project.images.get(imageId)?.tags.add(tagId);
      this.taggings += 1;
    }
  }

  private async delete(project: LoadedProject, random: Random, own: string[]): Promise<void> {
    const gone = own.splice(wholeWithin(random, 0, own.length), wholeWithin(random, 1, 3));
    if (gone.length === 0) return;
    const kept = gone.map((id) => project.images.get(id) as KeptImage);
    for (const each of kept) each.deletion = 'asked';
    const answer = await this.ask(z.undefined(), project, 'DELETE', `/images?imageIds=${gone.join()}`);
    if (answer === false) return;
    for (const each of kept) each.deletion = 'done';
    this.deletions += gone.length;
  }

  private async train(project: LoadedProject): Promise<void> {
    if (project.trainings.size >= MOST_TRAININGS) return;
    const begun = await this.ask(image, project, 'POST', '/train?forceTrain=true', {}, [
      'BadRequestTrainingAlreadyInProgress',
      'BadRequestExceedIterationPerProjectLimit',
    ]);
    if (begun) project.trainings.add(begun.id);
  }

  private async predict(project: LoadedProject, random: Random): Promise<void> {
    const all = await this.ask(iterations, project, 'GET', '/iterations');
    const done = all ? all.filter(({ status }) => status === 'Completed') : [];
    if (done.length === 0) return;
    const path = `/quicktest/image?iterationId=${pick(random, done).id}`;
    const answer = await this.ask(
      prediction,
      project,
      'POST',
      path,
      bytesBody(await visionPicture(random, pick(random, CLASSES))),
    );
    if (answer) project.predictions.add(answer.id);
  }

  /** @returns false for an honest failure. @throws for anything else that is no success */
  private async ask<T>(
    schema: z.ZodType<T>,
    { id }: LoadedProject,
    method: string,
    path: string,
    options: SendOptions = {},
    refusals: readonly string[] = [],
  ): Promise<T | false> {
    const { status, bytes } = await this.client.send(method, `${TRAINING}/projects/${id}${path}`, options);
    const text = bytes.toString('utf8');
    const title = `${method} ${path}: ${status} ${text.slice(0, 500)}`;
    const body: unknown = text === '' ? undefined : JSON.parse(text);
    if (status < 300) {
      const read = schema.safeParse(body);
      if (!read.success) throw new Error(`another shape: ${title}`);
      return read.data;
    }
    const said = failure.safeParse(body);
    if (!said.success) throw new Error(`another shape: ${title}`);
    if (!NOT_NOW.includes(status) && !refusals.includes(said.data.code)) throw new Error(title);
    this.lately.push(title);
    if (this.lately.length > 5) this.lately.shift();
    return false;
  }

  /** Bytes behind a signed URL. */
  async bytesOf(url: string): Promise<string> {
    const { status, bytes } = await send('GET', url);
    if (status !== 200) throw new Error(`${url}: ${status}`);
    return hash(bytes);
  }

  /** As `VisionClient` does it. */
  json(method: string, path: string, options?: SendOptions): Promise<unknown> {
    return this.client.json(method, path, options);
  }
}

async function newProject(client: VisionClient, seed: string): Promise<LoadedProject> {
  const random = createRandom(seed);
  const id = await client.createProject(seed, 'Multilabel');
  const tags = { warm: await client.createTag(id, 'warm'), cold: await client.createTag(id, 'cold') };
  const common = await Promise.all(Array.from({ length: COMMON }, () => newPicture(random)));
  const sent = new Set(common.map(({ sha256 }) => sha256));
  const project = { id, tags, common, sent, images: new Map<string, KeptImage>() };
  for (const of of CLASSES) {
    const pictures = await Promise.all(Array.from({ length: FIRST }, () => newPicture(random, of)));
    const added = await client.addImages(id, tags[of], pictures.map(({ bytes }) => bytes)); // prettier-ignore
    added.forEach((each, i) => {
      const { sha256 } = pictures[i] as Picture;
      sent.add(sha256);
      project.images.set(each.id, { sha256, tags: new Set([tags[of]]) });
    });
  }
  return { ...project, trainings: new Set(), predictions: new Set() };
}

/** New ones and common ones, of which one may be there twice. */
async function somePictures(project: LoadedProject, random: Random): Promise<Picture[]> {
  const one = async () => {
    if (random() * COMMON_OF < 1) return pick(random, project.common);
    const picture = await newPicture(random);
    project.sent.add(picture.sha256);
    return picture;
  };
  return Promise.all(Array.from({ length: wholeWithin(random, 1, 6) }, one));
}

async function newPicture(random: Random, of = pick(random, CLASSES)): Promise<Picture> {
  const bytes = await visionPicture(random, of);
  return { bytes, of, sha256: hash(bytes) };
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
