import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { asDomainError, notFound, toObjectId } from '@pentaprism/database';
import { DomainError, systemDate, systemNow } from '@pentaprism/domain';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { Rounds } from '@pentaprism/service';
import { Types } from 'mongoose';
import { setTimeout as sleep } from 'node:timers/promises';
import { ImageCountRepository, pictureRevision } from '../projects/image-count.repository.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { SnapshotRepository, type HeldContent } from './snapshot.repository.js';
import { ContentReferences } from '../contents/content-references.js';

/**
 * Milliseconds that a copy may take, 100,000 images included. Below the shortest time for which bytes are kept that nothing
 * points to (60 s): the bytes of an image that is deleted after it was read, and before its copy is written, wait for it.
 */
const COPY_LIMIT_MS = 30_000;
/** Attempts to copy a project that changes meanwhile; the last one is taken as it is. */
const ATTEMPTS = 4;
/** Milliseconds until a majority has what another call has just written. */
const SHOWN_MS = 50;
/** Milliseconds after which an attempt does not write any more, whatever became of it. */
const ATTEMPT_OVER_MS = 4 * COPY_LIMIT_MS;
/** Milliseconds between looks for what attempts and deletions have left. */
const ROUND_MS = 30_000;
/** Images that one transaction removes. */
const BATCH = 128;

/** What projects looked like at one moment. */
@Injectable()
export class ManageSnapshots implements OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;

  constructor(
    private readonly snapshots: SnapshotRepository,
    private readonly projects: ProjectRepository,
    private readonly counts: ImageCountRepository,
    private readonly references: ContentReferences,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.rounds = new Rounds('snapshots', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.every(ROUND_MS, () => this.removeLeft());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** @throws DomainError NOT_FOUND */
  async revision(workspace: string, projectId: string): Promise<string> {
    const { _id } = await this.projects.get(workspace, projectId);
    return pictureRevision(await this.counts.get(workspace, _id));
  }

  /**
   * Copies the images under a new id. The copy becomes the snapshot if the project has not changed while it was made. If
   * this process ends before, a later round removes the copy, which is not part of any snapshot.
   * @throws DomainError NOT_FOUND, also for an id of another project, or of a snapshot that was deleted
   */
  async create(workspace: string, projectId: string, snapshotId: string) {
    const { _id: project } = await this.projects.get(workspace, projectId);
    const id = toObjectId(snapshotId, 'snapshot');
    for (let attempt = 1; ; attempt++) {
      const known = await this.snapshots.find(workspace, project, id);
      if (known?.copy) return { images: known.images ?? 0, revision: known.revision ?? '' };
      // The system time in the id says when the attempt began.
      const copy = new Types.ObjectId(Types.ObjectId.generate(Math.floor(systemNow() / 1000)));
      if (!(await this.snapshots.begin(workspace, project, id, copy))) {
        // Unless it was deleted, another call has just begun or completed it, which reads may not show for a moment.
        const isDeleted = (await this.snapshots.find(workspace, project, id))?.deletedAt !== undefined;
        if (isDeleted || attempt >= ATTEMPTS) throw notFound('snapshot');
        await sleep(SHOWN_MS);
        continue;
      }
      const found = await this.copy(workspace, project, copy, attempt === ATTEMPTS);
      if (found && (await this.snapshots.complete(workspace, id, found))) {
        const { images, revision } = found;
        // If the project was deleted meanwhile, its removal may have searched for snapshots before this one existed.
        await this.projects.get(workspace, projectId);
        return { images, revision };
      }
      if (attempt > ATTEMPTS) throw new DomainError('UNAVAILABLE', 'The project changes all the time; try again.');
    }
  }

  /** @returns null when the project changed meanwhile; `asItIs`: that does not matter */
  private async copy(workspace: string, project: Types.ObjectId, copy: Types.ObjectId, asItIs: boolean) {
    const before = pictureRevision(await this.counts.get(workspace, project));
    try {
      await this.snapshots.copy(workspace, project, copy, COPY_LIMIT_MS);
    } catch (error) {
      throw asDomainError(error);
    }
    const after = pictureRevision(await this.counts.get(workspace, project));
    // What came in between may be in the copy or not: as of before, so that it counts as changed since.
    if (before !== after && !asItIs) return null;
    return { copy, images: await this.snapshots.count(copy), revision: before };
  }

  /** Which attempt holds the images of a snapshot. @throws DomainError NOT_FOUND */
  async find(workspace: string, project: Types.ObjectId, snapshotId: string): Promise<Types.ObjectId> {
    const found = await this.snapshots.find(workspace, project, toObjectId(snapshotId, 'snapshot'));
    if (!found?.copy) throw notFound('snapshot');
    return found.copy;
  }

  /** Also when there is none, and when its project is gone. */
  async delete(workspace: string, projectId: string, snapshotId: string): Promise<void> {
    const project = toObjectId(projectId, 'project');
    const copies = await this.snapshots.markDeleted(workspace, project, toObjectId(snapshotId, 'snapshot'));
    // Removing a large one takes longer than clients wait for an answer. If this process ends, a later round goes on.
    this.rounds.once(0, async () => {
      for (const copy of copies) await this.removeCopy(copy);
    });
  }

  async removeOfProject(workspace: string, project: Types.ObjectId): Promise<void> {
    for (const copy of await this.snapshots.markDeleted(workspace, project)) await this.removeCopy(copy);
  }

  /** Removes images of snapshots whose time is over. */
  async removeExpired(now = systemDate()): Promise<void> {
    for (;;) {
      const expired = await this.snapshots.findExpired(now, BATCH);
      for (const workspace of new Set(expired.map((image) => image.workspace)))
        await this.removeImages(
          workspace,
          expired.filter((image) => image.workspace === workspace),
        );
      if (expired.length < BATCH || this.rounds.stopped) return;
    }
  }

  /** Removes what attempts and deletions have left; public for tests. */
  async removeLeft(now = systemNow()): Promise<void> {
    const before = new Date(now - ATTEMPT_OVER_MS);
    for (;;) {
      const left = await this.snapshots.findLeft(before, BATCH);
      for (const copy of left) if (await this.removeCopy(copy)) await this.snapshots.forgetCopy(copy);
      if (left.length < BATCH || this.rounds.stopped) break;
    }
    await this.snapshots.forgetIncomplete(before);
  }

  /** @returns whether nothing is left, for now: an attempt under way may still write */
  private async removeCopy(copy: Types.ObjectId): Promise<boolean> {
    for (;;) {
      const images = await this.snapshots.someOf(copy, BATCH);
      if (images.length === 0) return true;
      // What is left waits for the next start: a stop must not take as long as a large deletion.
      if (this.rounds.stopped) return false;
      await this.removeImages((images[0] as HeldContent).workspace, images);
    }
  }

  private async removeImages(workspace: string, images: readonly HeldContent[]): Promise<void> {
    const hashes = [...new Set(images.map(({ sha256 }) => sha256))];
    await this.references.inTurn({ workspace, ids: [], hashes }, async (session) => {
      await this.snapshots.removeImages(images, session);
      const released = images.map(({ sha256, expiresAt }) => ({ sha256, transient: expiresAt !== undefined }));
      await this.references.release(workspace, released, session);
    });
  }
}
