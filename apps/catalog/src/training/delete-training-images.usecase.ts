import { Injectable } from '@nestjs/common';
import { toObjectId } from '@pentaprism/database';
import { ImageRepository } from '../images/image.repository.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { DeleteImage } from '../images/delete-image.usecase.js';

@Injectable()
export class DeleteTrainingImages {
  constructor(
    private readonly projects: ProjectRepository,
    private readonly images: ImageRepository,
    private readonly deleteImage: DeleteImage,
  ) {}

  /** Those of the images that the project has. @throws DomainError NOT_FOUND: no such project */
  async execute(workspace: string, projectId: string, ids: readonly string[]): Promise<{ deleted: number }> {
    const { _id: project } = await this.projects.get(workspace, projectId);
    const keys = ids.map((id) => toObjectId(id, 'image'));
    const images = await this.images.among(workspace, project, keys);
    return { deleted: await this.deleteImage.removeAll(workspace, images) };
  }
}
