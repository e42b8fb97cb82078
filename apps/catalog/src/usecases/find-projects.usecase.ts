import { Injectable } from '@nestjs/common';
import type { Project } from '@pentaprism/contracts';
import { ImageCountRepository } from '../adapters/mongo/image-count.repository.js';
import { ProjectRepository, type ProjectDocument } from '../adapters/mongo/project.repository.js';

@Injectable()
export class FindProjects {
  constructor(
    private readonly projects: ProjectRepository,
    private readonly counts: ImageCountRepository,
  ) {}

  async resolve(workspace: string, id: string | undefined): Promise<{ project: string }> {
    return { project: (await this.projects.resolveId(workspace, id)).toHexString() };
  }

  async get(workspace: string, id: string): Promise<Project> {
    return this.describe(workspace, await this.projects.get(workspace, id));
  }

  async list(workspace: string, query: { nameContains?: string | undefined; offset: number; limit: number }) {
    const { projects, total } = await this.projects.list(workspace, query);
    return { projects: await Promise.all(projects.map((project) => this.describe(workspace, project))), total };
  }

  private async describe(workspace: string, { _id, name, createdAt }: ProjectDocument): Promise<Project> {
    const { total } = await this.counts.get(workspace, _id);
    return { id: _id.toHexString(), name, createdAt: createdAt.getTime(), imageCount: total };
  }
}
