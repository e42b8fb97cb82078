import { Injectable } from '@nestjs/common';
import type { imageContracts, ParsedRequestOf, ResponseOf } from '@pentaprism/contracts';
import { ImageCountRepository, pictureRevision } from '../projects/image-count.repository.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { ImageListRepository } from './image-list.repository.js';

/** Lists the images of a project that can be compared with one another. */
@Injectable()
export class ListDecodedImages {
  constructor(
    private readonly images: ImageListRepository,
    private readonly counts: ImageCountRepository,
    private readonly projects: ProjectRepository,
  ) {}

  /** Throws NOT_FOUND. */
  async execute(
    workspace: string,
    { projectId, after, known, limit }: ParsedRequestOf<typeof imageContracts.listDecoded>,
  ): Promise<ResponseOf<typeof imageContracts.listDecoded>> {
    const project = await this.projects.resolveId(workspace, projectId);
    // Before the images: a change in between makes the answer newer than its revision, never older.
    const revision = `${projectId}.${pictureRevision(await this.counts.get(workspace, project))}`;
    if (known === revision) return { images: [], next: null, pending: 0, revision, unchanged: true };
    const [found, pending] = await Promise.all([
      this.images.decoded(workspace, project, after, limit),
      this.images.countPending(workspace, project),
    ]);
    const last = found.at(-1);
    return {
      images: found.map(({ _id, sha256, expiresAt }) => ({
        id: _id.toHexString(),
        sha256,
        ...(expiresAt ? { expiresAt: expiresAt.getTime() } : {}),
      })),
      next: last && found.length === limit ? { second: last.createdSecond, number: last.number } : null,
      pending,
      revision,
      unchanged: false,
    };
  }
}
