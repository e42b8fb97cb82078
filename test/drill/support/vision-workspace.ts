import { createRandom, type Random } from '@pentaprism/domain';
import { COMPACT, TRAINING, VisionClient } from './vision-client.js';
import { CLASSES, visionPicture, type Class } from './vision-pictures.js';

/** What something of Custom Vision is found by. */
export const VISION_KINDS = [
  'visionProject',
  'visionTag',
  'visionImage',
  'iteration',
  'prediction',
  'publishedName',
] as const;
export type VisionKind = (typeof VISION_KINDS)[number];
export const isVisionKind = (kind: string): kind is VisionKind => (VISION_KINDS as readonly string[]).includes(kind);
export type VisionThings = Readonly<Record<VisionKind, string>>;

/** Each class, which is as few as a model can be trained on. */
const PICTURES_PER_CLASS = 5;

/** Requests that change or remove something of one's own, so that each needs things that nothing else needs. */
const MADE_FOR: readonly (readonly [RegExp, (made: VisionWorkspace) => Promise<Partial<VisionThings>>])[] = [
  [/^DELETE .*\/projects\/\{projectId\}$/, (made) => made.emptyProject()],
  [/\/train$/, (made) => made.pictured()],
  [/^DELETE .*\/tags\/\{tagId\}$/, (made) => made.tag()],
  [/^DELETE .*\/images(?:\/tags)?$/, (made) => made.image()],
  [/^DELETE .*\/predictions$/, (made) => made.prediction()],
  [/\/images\/predictions$/, (made) => made.prediction()],
  [/^DELETE .*\/iterations\/\{iterationId\}$/, (made) => made.iteration(false)],
  [/^POST .*\/publish$/, (made) => made.iteration(false)],
  [/^DELETE .*\/publish$/, (made) => made.iteration(true)],
];

/** What a workspace has of Custom Vision: a project with a model that is in use. Its name is in all names of these. */
export class VisionWorkspace {
  private readonly random: Random;
  private shared: VisionThings | undefined;
  private made = 0;
  /** Of the project that was made last, or of the shared one. */
  private tags: readonly string[] = [];
  /** Where a picture of this workspace is fetched from. */
  pictureUrl = '';

  constructor(
    readonly client: VisionClient,
    readonly name: string,
  ) {
    this.random = createRandom(`pictures of ${name}`);
  }

  /** What requests may ask for that change nothing of it. */
  async things(): Promise<VisionThings> {
    this.shared ??= await this.makeShared();
    return this.shared;
  }

  /** What a request of one's own may ask for, whatever it does. @param title method and path */
  async thingsFor(title: string): Promise<VisionThings> {
    const shared = await this.things();
    const [, make] = MADE_FOR.find(([pattern]) => pattern.test(title)) ?? [];
    return { ...shared, ...(await make?.(this)) };
  }

  /** Tags of the project that can be trained. */
  get trainable(): readonly string[] {
    return this.tags;
  }

  newName(): string {
    return `${this.name}-${(this.made += 1)}`;
  }

  picture(of: Class = 'warm'): Promise<Buffer> {
    return visionPicture(this.random, of);
  }

  /** All that its owner sees. */
  async view(): Promise<unknown[]> {
    const { visionProject, iteration, visionTag } = await this.things();
    const project = `${TRAINING}/projects/${visionProject}`;
    const paths = [
      ...[`${TRAINING}/projects`, project, `${project}/tags`, `${project}/images?take=256`, `${project}/iterations`],
      ...[`${project}/images/tagged/count?tagIds=${visionTag}`, `${project}/iterations/${iteration}/export`],
      ...[`${project}/images?take=256&iterationId=${iteration}`, `${project}/iterations/${iteration}/performance`],
    ];
    const seen = await Promise.all(paths.map((path) => this.client.json('GET', path)));
    // What is kept of predictions is asked for by POST.
    return [...seen, await this.client.json('POST', `${project}/predictions/query`)];
  }

  async emptyProject(): Promise<Partial<VisionThings>> {
    return { visionProject: await this.client.createProject(this.newName()) };
  }

  /** A project that can be trained. */
  async pictured() {
    const visionProject = await this.client.createProject(this.newName());
    const tags: string[] = [];
    let [visionImage, url] = ['', ''];
    for (const each of CLASSES) {
      const tag = await this.client.createTag(visionProject, `${this.newName()}-${each}`);
      const pictures = await Promise.all(Array.from({ length: PICTURES_PER_CLASS }, () => this.picture(each)));
      const [image] = await this.client.addImages(visionProject, tag, pictures);
      [visionImage, url] = [image?.id ?? '', image?.originalImageUri ?? ''];
      tags.push(tag);
    }
    this.tags = tags;
    this.pictureUrl ||= url;
    return { visionProject, visionTag: tags.at(-1) ?? '', visionImage };
  }

  async tag(): Promise<Partial<VisionThings>> {
    const { visionProject } = await this.things();
    return { visionTag: await this.client.createTag(visionProject, this.newName()) };
  }

  async image(): Promise<Partial<VisionThings>> {
    const { visionProject, visionTag } = await this.things();
    const [image] = await this.client.addImages(visionProject, visionTag, [await this.picture('cold')]);
    return { visionImage: image?.id ?? '' };
  }

  async prediction(): Promise<Partial<VisionThings>> {
    const { visionProject, publishedName } = await this.things();
    return { prediction: await this.client.predict(visionProject, publishedName, await this.picture()) };
  }

  async iteration(published: boolean): Promise<Partial<VisionThings>> {
    const { visionProject } = await this.things();
    const iteration = await this.client.train(visionProject);
    if (published) await this.client.publish(visionProject, iteration, this.newName());
    return { iteration };
  }

  private async makeShared(): Promise<VisionThings> {
    const { client } = this;
    const pictured = await this.pictured();
    const { visionProject } = pictured;
    const iteration = await client.train(visionProject);
    const publishedName = this.newName();
    await client.publish(visionProject, iteration, publishedName);
    await client.json('POST', `${TRAINING}/projects/${visionProject}/iterations/${iteration}/export?platform=ONNX`);
    const prediction = await client.predict(visionProject, publishedName, await this.picture());
    return { ...pictured, iteration, publishedName, prediction };
  }
}

/** What requests name that belongs to no workspace. */
export const NOBODYS: Readonly<Record<string, string>> = { domainId: COMPACT, predictionId: 'drill' };
