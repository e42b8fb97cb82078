import { Injectable } from '@nestjs/common';
import { fitting } from '@pentaprism/bus';
import type { TagDetails, TagGroups } from '@pentaprism/contracts';
import { TagRepository, toDetails, type TagKey } from '../adapters/mongo/tag.repository.js';
import { Projects } from './projects.js';
import { TagTables } from './tag-tables.js';

/** Look-ups of tags, and of what searches by name mean. */
@Injectable()
export class FindTags {
  constructor(
    private readonly tags: TagRepository,
    private readonly tables: TagTables,
    private readonly projects: Projects,
  ) {}

  /** @throws DomainError NOT_FOUND */
  async get(workspace: string, request: { projectId?: string | undefined; tag: TagKey }): Promise<TagDetails> {
    const project = await this.projects.resolve(workspace, request.projectId);
    return toDetails(await this.tags.get(workspace, project, request.tag));
  }

  async getMany(
    workspace: string,
    request: { projectId?: string | undefined; ids: readonly string[] },
  ): Promise<{ tags: TagDetails[] }> {
    const project = await this.projects.resolve(workspace, request.projectId);
    const found = await this.tags.findByIds(workspace, project, request.ids);
    const byId = new Map(found.map((tag) => [tag.id, tag]));
    return { tags: [...new Set(request.ids)].flatMap((id) => byId.get(id) ?? []) };
  }

  async list(workspace: string, request: { projectId?: string | undefined; offset: number; limit: number }) {
    const project = await this.projects.resolve(workspace, request.projectId);
    const table = await this.tables.get(workspace, project);
    return { tags: fitting(table.page(request.offset, request.limit), sizeOf), total: table.size };
  }

  async resolve(
    workspace: string,
    request: { projectId?: string | undefined; names: readonly string[]; patterns: readonly string[] },
  ): Promise<{ tagGroups: TagGroups }> {
    const project = await this.projects.resolve(workspace, request.projectId);
    const table = await this.tables.get(workspace, project);
    return { tagGroups: table.resolve(request.names, request.patterns) };
  }
}

/** With the comma behind it. */
function sizeOf(tag: TagDetails): number {
  return Buffer.byteLength(JSON.stringify(tag)) + 1;
}
