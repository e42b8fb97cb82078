import { Injectable } from '@nestjs/common';
import { fitting } from '@pentaprism/bus';
import type { ContentReference, ResponseOf, TagReference, trainingImageContracts } from '@pentaprism/contracts';
import { isDuplicateKey, Outbox, toObjectId, Transactions } from '@pentaprism/database';
import {
  DomainError,
  MAX_IMAGES_PER_BATCH,
  MAX_TAGS_PER_IMAGE,
  MAX_TRAINING_IMAGES_PER_PROJECT,
  systemDate,
} from '@pentaprism/domain';
import type { ClientSession, Types } from 'mongoose';
import { ContentRepository, type PictureContent } from '../contents/content.repository.js';
import { CounterRepository } from '../directory/counter.repository.js';
import { ImageCountRepository } from '../projects/image-count.repository.js';
import { ImageTagRepository } from '../images/image-tag.repository.js';
import { ImageRepository } from '../images/image.repository.js';
import { toTagDocuments, type ImageDocument } from '../images/image.schema.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { TagStateRepository, type TagStates } from '../images/tag-state.repository.js';
import { toTrainingImage } from './training-image.repository.js';
import { ImageAdditions, newImage, withContent } from '../images/image-additions.js';
import { largestTrainingImage } from './list-training-images.usecase.js';

export interface NewTrainingImage {
  readonly fileName: string;
  readonly content: ContentReference;
  readonly tags: readonly TagReference[];
}

type Answer = ResponseOf<typeof trainingImageContracts.add>;
type Refusal = 'conflicting-tags' | 'too-many-tags' | 'too-many-images' | 'undecodable';

/** What is to become of one image of a batch. */
type Decision =
  { readonly refusal: Refusal } | { readonly status: 'added' | 'duplicate'; readonly image: PlannedImage };

/** An image as it will be; of a new one there is a draft only. */
interface PlannedImage {
  readonly existing?: ImageDocument;
  readonly fileName: string;
  readonly content: ContentReference;
  readonly tags: Map<string, TagReference>;
  readonly newTags: TagReference[];
}

/** Two catalogs that add the same bytes at once: one of them is refused by the index, looks again, and finds the image. */
const ATTEMPTS = 5;

/**
 * Images below the limit from which on additions to a project are made one at a time. Before, each catalog may have one
 * batch under way that the others do not see yet: with up to 32 of them, all together stay below the limit.
 */
const NEARLY_FULL = 32 * MAX_IMAGES_PER_BATCH;

/** Adds images whose bytes are known, each set of bytes once in a project. */
@Injectable()
export class AddTrainingImages {
  constructor(
    private readonly images: ImageRepository,
    private readonly imageTags: ImageTagRepository,
    private readonly contents: ContentRepository,
    private readonly counts: ImageCountRepository,
    private readonly counters: CounterRepository,
    private readonly projects: ProjectRepository,
    private readonly tagStates: TagStateRepository,
    private readonly additions: ImageAdditions,
    private readonly transactions: Transactions,
    private readonly outbox: Outbox,
  ) {}

  /**
   * A project never gets more images than it may have, also when several calls add some at the same time.
   * @throws DomainError NOT_FOUND; CONFLICT when a tag was changed or deleted since it was looked up; FAILED_PRECONDITION for
   *   bytes that have not been analysed
   */
  async execute(
    caller: { workspace: string; actor: string },
    projectId: string,
    batch: readonly NewTrainingImage[],
  ): Promise<Answer> {
    const { workspace } = caller;
    const project = toObjectId(projectId, 'project');
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.transactions.runInTurn([`${workspace}/${projectId}/add`], (session) =>
          this.add(caller, project, batch, session),
        );
        this.outbox.flush();
        return answer;
      } catch (error) {
        if (!isDuplicateKey(error) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  private async add(
    caller: { workspace: string; actor: string },
    project: Types.ObjectId,
    batch: readonly NewTrainingImage[],
    session: ClientSession,
  ): Promise<Answer> {
    const { workspace } = caller;
    await this.projects.get(workspace, project.toHexString(), session);
    const pictures = await this.lookUp(workspace, batch, session);
    const existing = await this.images.ofContents(workspace, project, [...pictures.keys()], session);
    const room = MAX_TRAINING_IMAGES_PER_PROJECT - (await this.counts.total(workspace, project, session));
    if (room < NEARLY_FULL) await this.counts.hold(workspace, project, session);
    const carried = [...existing.values()].flatMap(({ tags }) => tags.map(({ id }) => id.toHexString()));
    const named = batch.flatMap(({ tags }) => tags.map(({ id }) => id));
    const states = await this.tagStates.of(workspace, [...carried, ...named], session);
    const part = batch.slice(0, countFitting(decide(batch, { pictures, existing, room, states })));
    // Again: an image may have got tags from those that are left out.
    const decisions = decide(part, { pictures, existing, room, states });
    const planned = [...new Set(decisions.flatMap((decision) => ('image' in decision ? decision.image : [])))];
    const given = planned.flatMap(({ newTags }) => newTags);
    states.check(given);
    await this.tagStates.learn(workspace, given, states, session);
    const made = await this.write(caller, project, planned, pictures, session);
    const outcomes = decisions.map((decision): Answer['outcomes'][number] => {
      if ('refusal' in decision) return { status: decision.refusal };
      const image = made.get(decision.image);
      const picture = pictures.get(decision.image.content.sha256);
      if (!image || !picture) throw new Error('an image was not made');
      return { status: decision.status, image: toTrainingImage({ ...image, sha256: picture.sha256 }, picture) };
    });
    return { outcomes, next: outcomes.length < batch.length ? outcomes.length : null };
  }

  /** Those of the bytes that are pictures. @throws DomainError FAILED_PRECONDITION */
  private async lookUp(workspace: string, batch: readonly NewTrainingImage[], session: ClientSession) {
    const hashes = [...new Set(batch.map(({ content }) => content.sha256))];
    const states = await this.contents.states(workspace, hashes, session);
    if (hashes.some((sha256) => !['decoded', 'undecodable'].includes(states.get(sha256) ?? '')))
      throw new DomainError('FAILED_PRECONDITION', 'Bytes that are not analysed cannot be trained on.');
    return this.contents.findPictures(workspace, hashes, session);
  }

  /** @returns the images as they are now */
  private async write(
    { workspace, actor }: { workspace: string; actor: string },
    project: Types.ObjectId,
    planned: readonly PlannedImage[],
    pictures: ReadonlyMap<string, PictureContent>,
    session: ClientSession,
  ): Promise<Map<PlannedImage, ImageDocument>> {
    const news = planned.filter(({ existing }) => !existing);
    const place = news.length > 0 ? await this.counters.nextInTime(workspace, 'image', news.length) : undefined;
    const now = place?.at ?? systemDate();
    const made = new Map<PlannedImage, ImageDocument>();
    for (const plan of planned) {
      const { existing, newTags } = plan;
      if (existing) made.set(plan, { ...existing, tags: [...existing.tags, ...toTagDocuments(newTags, now)] });
    }
    for (const [i, plan] of news.entries()) {
      const { fileName, tags, content } = plan;
      const picture = pictures.get(content.sha256);
      if (!place || !picture) throw new Error('there is no picture');
      const draft = { project, fileName, createdBy: actor, size: picture.size, tags: [...tags.values()] };
      const at = { number: place.first + i, second: place.second, createdAt: place.at };
      const { sha256, size, mediaType } = picture;
      const image = withContent(newImage(workspace, draft, at), { sha256, size, mediaType, state: 'decoded' });
      made.set(plan, { ...image, uniqueSha256: content.sha256 });
    }
    const added = news.flatMap((plan) => made.get(plan) ?? []);
    const context = this.outbox.contextFor(workspace);
    await this.contents.referAll(
      workspace,
      news.map(({ content }) => content),
      session,
    );
    await this.additions.add(
      workspace,
      added.map((image) => ({ image, context })),
      session,
    );
    const changed = planned.filter(({ existing, newTags }) => existing && newTags.length > 0);
    if (changed.length > 0) {
      const taggings = changed.flatMap(({ existing, newTags }) =>
        existing ? [{ image: existing._id, tags: toTagDocuments(newTags, now) }] : [],
      );
      await this.imageTags.add(workspace, taggings, session);
      await this.counts.note(workspace, project, [], session);
    }
    return made;
  }
}

/** What is known of a batch. */
interface Circumstances {
  /** By their hashes. */
  readonly pictures: ReadonlyMap<string, PictureContent>;
  readonly existing: ReadonlyMap<string, ImageDocument>;
  /** Images that the project may still get. */
  readonly room: number;
  readonly states: TagStates;
}

function decide(batch: readonly NewTrainingImage[], { pictures, existing, room, states }: Circumstances): Decision[] {
  const planned = new Map<string, PlannedImage>();
  let left = room;
  return batch.map(({ fileName, content, tags }): Decision => {
    const { sha256 } = content;
    if (!pictures.has(sha256)) return { refusal: 'undecodable' };
    const known = planned.get(sha256) ?? planOf(existing.get(sha256), content);
    const plan = known ?? { fileName, content, tags: new Map<string, TagReference>(), newTags: [] };
    const newTags = [...new Map(tags.map((tag) => [tag.id, tag])).values()].filter(({ id }) => !plan.tags.has(id));
    // Tags that it has already are no news, whatever they are.
    if (newTags.length > 0 && states.conflict([...plan.tags.values(), ...newTags]))
      return { refusal: 'conflicting-tags' };
    if (plan.tags.size + newTags.length > MAX_TAGS_PER_IMAGE) return { refusal: 'too-many-tags' };
    if (!known && left-- <= 0) return { refusal: 'too-many-images' };
    planned.set(sha256, plan);
    for (const tag of newTags) plan.tags.set(tag.id, tag);
    plan.newTags.push(...newTags);
    return { status: known ? 'duplicate' : 'added', image: plan };
  });
}

function planOf(existing: ImageDocument | undefined, content: ContentReference): PlannedImage | undefined {
  if (!existing) return undefined;
  const tags = existing.tags.map(({ id, number, name }) => ({ id: id.toHexString(), number, name }));
  return {
    existing,
    fileName: existing.fileName,
    content,
    tags: new Map(tags.map((tag) => [tag.id, tag])),
    newTags: [],
  };
}

/** How many surely fit into one answer, from the first. */
function countFitting(decisions: readonly Decision[]): number {
  return fitting(decisions, (decision) => {
    if ('refusal' in decision) return 100;
    const { fileName, tags, existing } = decision.image;
    return largestTrainingImage({ fileName, tags: [...tags.values()], metadata: existing?.metadata });
  }).length;
}
