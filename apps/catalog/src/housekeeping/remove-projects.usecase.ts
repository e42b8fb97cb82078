import { Inject, Injectable, type OnApplicationBootstrap, type OnModuleDestroy } from '@nestjs/common';
import { shuffled } from '@pentaprism/concurrency';
import { systemDate, systemNow } from '@pentaprism/domain';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { Rounds } from '@pentaprism/service';
import { ImageCountRepository } from '../projects/image-count.repository.js';
import { ImageRepository } from '../images/image.repository.js';
import { ProjectRepository, type DeletedProject } from '../projects/project.repository.js';
import { DeleteImage } from '../images/delete-image.usecase.js';
import { ManageSnapshots } from '../training/manage-snapshots.usecase.js';
import type { ProjectRemoval } from '../projects/project-removal.js';

/** Milliseconds between looks for deleted projects of which something is left. */
const ROUND_MS = 5000;
/** Projects of one look, and images that are chosen from at a time. */
const BATCH = 100;
const IMAGE_BATCH = 256;
/**
 * Milliseconds that the record of a deleted project is kept when nothing of it is left: longer than anything takes that began
 * before the deletion. A snapshot, which takes no part in transactions, may be completed so late.
 */
export const FORGET_AFTER_MS = 3600 * 1000;

/**
 * Removes what belonged to deleted projects: from the records alone, so that any catalog goes on where one has died. No
 * image comes any more once a project is marked and the counts are fenced (`ProjectRepository.aliveAmong`).
 */
@Injectable()
export class RemoveProjects implements ProjectRemoval, OnApplicationBootstrap, OnModuleDestroy {
  private readonly rounds: Rounds;

  constructor(
    private readonly projects: ProjectRepository,
    private readonly images: ImageRepository,
    private readonly counts: ImageCountRepository,
    private readonly deleteImage: DeleteImage,
    private readonly snapshots: ManageSnapshots,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.rounds = new Rounds('projects', logger);
  }

  onApplicationBootstrap(): void {
    this.rounds.every(ROUND_MS, () => this.removeAll());
  }

  onModuleDestroy(): Promise<void> {
    return this.rounds.stop();
  }

  /** Looks now, without making the caller wait. */
  soon(): void {
    this.rounds.once(0, () => this.removeAll());
  }

  /** Removes what is left of deleted projects; public for tests. */
  async removeAll(now = systemNow()): Promise<void> {
    const failures: unknown[] = [];
    // In an order of chance: another instance may have found the same ones.
    for (const project of shuffled(await this.projects.findDeleted(BATCH)))
      await this.empty(project).catch((error: unknown) => failures.push(error));
    for (const project of await this.projects.findEmptied(new Date(now - FORGET_AFTER_MS), BATCH))
      await this.forget(project).catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw failures.at(-1);
  }

  private async empty(project: DeletedProject): Promise<void> {
    const { workspace, _id } = project;
    await this.counts.fence(workspace, _id);
    if (!(await this.removeContents(project))) return;
    await this.projects.setEmptied(project, systemDate());
  }

  private async forget(project: DeletedProject): Promise<void> {
    const { workspace, _id } = project;
    if (!(await this.removeContents(project))) return;
    await this.counts.remove(workspace, _id);
    await this.projects.forget(project);
  }

  /** @returns whether nothing is left */
  private async removeContents({ workspace, _id }: DeletedProject): Promise<boolean> {
    await this.snapshots.removeOfProject(workspace, _id);
    for (;;) {
      const ids = await this.images.someOf(workspace, _id, IMAGE_BATCH);
      if (ids.length === 0) return true;
      // What is left waits for the next start: a stop must not take as long as a large deletion.
      if (this.rounds.stopped) return false;
      await this.deleteImage.removeAll(workspace, shuffled(ids));
    }
  }
}
