import { Injectable } from '@nestjs/common';
import { analyseContent, type ContentReference, type TrainingImage } from '@pentaprism/contracts';
import { isDuplicateKey, notFound, Outbox, toObjectId, Transactions } from '@pentaprism/database';
import { DomainError } from '@pentaprism/domain';
import { JobLedger, JobQueue } from '@pentaprism/jobs';
import { ContentRepository } from '../contents/content.repository.js';
import { CounterRepository } from '../directory/counter.repository.js';
import { ImageRepository } from '../images/image.repository.js';
import type { ImageDocument } from '../images/image.schema.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { ANALYSIS_PRIORITY } from '../contents/analysis-priority.js';
import { DeleteImage } from '../images/delete-image.usecase.js';
import { ImageAdditions, newImage, withContent } from '../images/image-additions.js';
import { ListTrainingImages } from './list-training-images.usecase.js';

export interface NewPredictedImage {
  readonly projectId: string;
  readonly id: string;
  readonly content: ContentReference;
  /** Seconds. */
  readonly timeToLive: number;
}

/**
 * Pictures that models were shown: images of a hidden project, one for each project that models are trained in. Nobody
 * finds them but by their ids here; they expire as all images do that are to live for a while.
 */
@Injectable()
export class PredictedImages {
  constructor(
    private readonly projects: ProjectRepository,
    private readonly images: ImageRepository,
    private readonly contents: ContentRepository,
    private readonly counters: CounterRepository,
    private readonly additions: ImageAdditions,
    private readonly trainingImages: ListTrainingImages,
    private readonly deleteImage: DeleteImage,
    private readonly transactions: Transactions,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
    private readonly outbox: Outbox,
  ) {}

  /**
   * Again under the same id, it is the same picture. @throws DomainError NOT_FOUND; FAILED_PRECONDITION for bytes that are known
   * to be no picture, and for an id that something else has
   */
  async create(caller: { workspace: string; actor: string }, request: NewPredictedImage): Promise<void> {
    const { workspace, actor } = caller;
    const { projectId, id, content, timeToLive } = request;
    const project = await this.projects.ensurePredictions(workspace, projectId);
    const { first: number, second, at: createdAt } = await this.counters.nextInTime(workspace, 'image');
    const draft = { project, fileName: '', createdBy: actor, size: content.size, tags: [] };
    const image: ImageDocument = {
      ...newImage(workspace, draft, { number, second, createdAt }),
      _id: toObjectId(id, 'image'),
      expiresAt: new Date(createdAt.getTime() + timeToLive * 1000),
      hidden: true,
    };
    await this.add(image, content).catch(async (error: unknown) => {
      if (!isDuplicateKey(error)) throw error;
      const [known] = await this.images.among(workspace, project, [image._id]);
      if (!known) throw new DomainError('FAILED_PRECONDITION', 'Something else has this id.', { field: 'id' });
    });
  }

  private async add(image: ImageDocument, content: ContentReference): Promise<void> {
    const { workspace, project } = image;
    const { sha256, size } = content;
    const job = await this.transactions.runInTurn([`${workspace}/${sha256}`], async (session) => {
      const alive = await this.projects.aliveAmong(workspace, [project], session);
      if (!alive.has(project.toHexString())) throw notFound('project');
      const { state, isNew } = await this.contents.refer(workspace, content, session);
      if (state === 'undecodable') throw new DomainError('FAILED_PRECONDITION', 'The bytes are no picture.');
      const context = this.outbox.contextFor(workspace);
      await this.additions.add(workspace, [{ image: withContent(image, { ...content, state }), context }], session);
      if (!isNew) return undefined;
      const payload = { workspace, sha256, size };
      return this.ledger.add(analyseContent, { workspace, payload, priority: ANALYSIS_PRIORITY.later }, session);
    });
    // Not awaited: the ledger has it.
    if (job) void this.queue.enqueue(job);
  }

  /** In the order of the ids. Leaves out unknown and expired ones, and those that have not been analysed yet. */
  async getMany(workspace: string, projectId: string, ids: readonly string[]): Promise<{ images: TrainingImage[] }> {
    const { predictionsId } = await this.projects.get(workspace, projectId);
    if (!predictionsId) return { images: [] };
    // Without tags and names, as many as may be asked for fit into one answer.
    const { images } = await this.trainingImages.getFrom({ workspace, project: predictionsId }, ids);
    return { images: images.map((image) => ({ ...image, projectId })) };
  }

  async deleteMany(workspace: string, projectId: string, ids: readonly string[]): Promise<void> {
    const { predictionsId } = await this.projects.get(workspace, projectId);
    if (!predictionsId) return;
    const keys = ids.map((id) => toObjectId(id, 'image'));
    await this.deleteImage.removeAll(workspace, await this.images.among(workspace, predictionsId, keys));
  }
}
