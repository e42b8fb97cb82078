import { Injectable } from '@nestjs/common';
import type { ParsedRequestOf, ResponseOf, trainingImageContracts } from '@pentaprism/contracts';
import { toObjectId, Transactions } from '@pentaprism/database';
import { MAX_METADATA_PAIRS } from '@pentaprism/domain';
import { ImageRepository } from '../images/image.repository.js';
import type { MetadataPair } from '../images/image.schema.js';
import { ImageCountRepository } from '../projects/image-count.repository.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { toMetadata } from './training-image.repository.js';

type Request = ParsedRequestOf<typeof trainingImageContracts.addMetadata>;
type Outcomes = ResponseOf<typeof trainingImageContracts.addMetadata>;

/** Adds to what clients note of images. */
@Injectable()
export class AddImageMetadata {
  constructor(
    private readonly images: ImageRepository,
    private readonly counts: ImageCountRepository,
    private readonly projects: ProjectRepository,
    private readonly transactions: Transactions,
  ) {}

  /** @throws DomainError NOT_FOUND: no such project */
  async execute(workspace: string, { projectId, ids, metadata }: Request): Promise<Outcomes> {
    const { _id: project } = await this.projects.get(workspace, projectId);
    return this.transactions.runInTurn([`${workspace}/${projectId}/metadata`], async (session) => {
      const keys = ids.map((id) => toObjectId(id, 'image'));
      const known = await this.images.metadataOf(workspace, project, keys, session);
      const changed = new Map<string, MetadataPair[]>();
      const outcomes = ids.map((id): Outcomes['outcomes'][number] => {
        const pairs = known.get(id);
        if (!pairs) return { status: 'not-found' };
        const merged = { ...toMetadata(pairs), ...metadata };
        if (Object.keys(merged).length > MAX_METADATA_PAIRS) return { status: 'too-many', metadata: toMetadata(pairs) };
        const after = Object.entries(merged).map(([key, value]) => ({ key, value }));
        changed.set(id, after);
        return { status: 'added', metadata: merged };
      });
      if (changed.size > 0) {
        await this.images.setMetadata(workspace, changed, session);
        // Pages that are kept show it.
        await this.counts.note(workspace, project, [], session);
      }
      return { outcomes };
    });
  }
}
