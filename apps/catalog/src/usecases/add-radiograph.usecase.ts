import { Injectable } from '@nestjs/common';
import {
  renderRadiograph,
  type ContentReference,
  type ModalityReference,
  type Radiograph,
  type RadiographInfo,
} from '@pentaprism/contracts';
import { JobLedger, JobQueue } from '@pentaprism/jobs';
import { Types } from 'mongoose';
import { randomUUID } from 'node:crypto';
import { ContentRepository } from '../adapters/mongo/content.repository.js';
import { CounterRepository } from '../adapters/mongo/counter.repository.js';
import { ImageCountRepository } from '../adapters/mongo/image-count.repository.js';
import { ImageRepository } from '../adapters/mongo/image.repository.js';
import { ProjectRepository } from '../adapters/mongo/project.repository.js';
import { toRadiograph, type RadiographImage } from '../adapters/mongo/radiograph.repository.js';
import { ContentReferences } from './content-references.js';

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
    private readonly images: ImageRepository,
    private readonly contents: ContentRepository,
    private readonly counts: ImageCountRepository,
    private readonly counters: CounterRepository,
    private readonly projects: ProjectRepository,
    private readonly references: ContentReferences,
    private readonly ledger: JobLedger,
    private readonly queue: JobQueue,
  ) {}

  async execute({ workspace, actor }: { workspace: string; actor: string }, request: NewRadiograph) {
    const { source, info, session: modalitySession, timeToLive } = request;
    const project = await this.projects.ensureFilters(workspace);
    const { first: number, second, at: createdAt } = await this.counters.nextInTime(workspace, 'image');
    const key = randomUUID();
    const image: RadiographImage = {
      _id: new Types.ObjectId(),
      workspace,
      project,
      number,
      fileName: `${key}.png`,
      createdBy: actor || 'anonymous',
      createdAt,
      createdSecond: second,
      uploadedAt: null,
      size: source.size,
      sha256: null,
      state: 'pending',
      draw: Math.random(),
      tags: [],
      expiresAt: new Date(createdAt.getTime() + timeToLive * 1000),
      radiograph: { key, source, info, session: modalitySession },
    };
    // Those that come with the same bytes at once would only abort each other.
    const turn = { workspace, id: image._id.toHexString(), hashes: [source.sha256] };
    const job = await this.references.inTurn(turn, async (session) => {
      await this.contents.referUnseen(workspace, source, session);
      await this.images.addAll([image], session);
      await this.counts.note(workspace, project, [{ number, total: 1, uploaded: 0 }], session);
      const payload = { workspace, imageId: image._id.toHexString(), source, lut: info.lut };
      return this.ledger.add(renderRadiograph, { workspace, payload }, session);
    });
    // Not awaited: the ledger has it, and the caller should not wait for the queue.
    void this.queue.enqueue(job);
    return toRadiograph(image) satisfies Radiograph;
  }
}
