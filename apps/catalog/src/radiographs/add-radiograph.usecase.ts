import { Injectable } from '@nestjs/common';
import {
  renderRadiograph,
  type ContentReference,
  type ModalityReference,
  type Radiograph,
  type RadiographInfo,
} from '@pentaprism/contracts';
import { Outbox } from '@pentaprism/database';
import { JobLedger, JobQueue } from '@pentaprism/jobs';
import { randomUUID } from 'node:crypto';
import { ContentRepository } from '../contents/content.repository.js';
import { CounterRepository } from '../directory/counter.repository.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { toRadiograph, type RadiographImage } from './radiograph.repository.js';
import { ANALYSIS_PRIORITY } from '../contents/analysis-priority.js';
import { ContentReferences } from '../contents/content-references.js';
import { ImageAdditions, newImage } from '../images/image-additions.js';

export interface NewRadiograph {
  readonly source: ContentReference;
  readonly info: RadiographInfo;
  readonly session: ModalityReference | null;
  /** Seconds. */
  readonly timeToLive: number;
}

/**
 * Records a radiograph: an image of the project for them that expires, and whose own bytes, the picture that other APIs
 * show, a worker makes. The same file twice is two radiographs.
 */
@Injectable()
export class AddRadiograph {
  constructor(
    private readonly additions: ImageAdditions,
    private readonly contents: ContentRepository,
    private readonly counters: CounterRepository,
    private readonly projects: ProjectRepository,
    private readonly references: ContentReferences,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
    private readonly outbox: Outbox,
  ) {}

  async execute({ workspace, actor }: { workspace: string; actor: string }, request: NewRadiograph) {
    const { source, info, session: modalitySession, timeToLive } = request;
    const project = await this.projects.ensureFilters(workspace);
    const { first: number, second, at: createdAt } = await this.counters.nextInTime(workspace, 'image');
    const key = randomUUID();
    const draft = { project, fileName: `${key}.png`, createdBy: actor, size: source.size, tags: [] };
    const image: RadiographImage = {
      ...newImage(workspace, draft, { number, second, createdAt }),
      state: 'pending',
      expiresAt: new Date(createdAt.getTime() + timeToLive * 1000),
      radiograph: { key, source, info, session: modalitySession },
    };
    // Those that come with the same bytes at once would only abort each other.
    const turn = { workspace, ids: [image._id.toHexString()], hashes: [source.sha256] };
    const job = await this.references.inTurn(turn, async (session) => {
      await this.contents.referUnseen(workspace, source, session);
      await this.additions.add(workspace, [{ image, context: this.outbox.contextFor(workspace) }], session);
      const payload = { workspace, imageId: image._id.toHexString(), source, lut: info.lut };
      return this.ledger.add(renderRadiograph, { workspace, payload, priority: ANALYSIS_PRIORITY.later }, session);
    });
    // Not awaited: the ledger has it, and the caller should not wait for the queue.
    void this.queue.enqueue(job);
    return toRadiograph(image) satisfies Radiograph;
  }
}
