import { Injectable } from '@nestjs/common';
import type { TagDetails } from '@pentaprism/contracts';
import { checkTagName, DomainError, type TagType } from '@pentaprism/domain';
import { TagRepository } from '../adapters/mongo/tag.repository.js';
import { NewTags } from './new-tags.js';
import { Projects } from './projects.js';

/** Makes one tag, which must not be there yet. */
@Injectable()
export class CreateTag {
  constructor(
    private readonly tags: TagRepository,
    private readonly newTags: NewTags,
    private readonly projects: Projects,
  ) {}

  /** @throws DomainError CONFLICT when a tag has the name; FAILED_PRECONDITION when the project has as many as it may */
  async execute(
    workspace: string,
    request: { projectId?: string | undefined; name: string; description: string; type: TagType },
  ): Promise<TagDetails> {
    const { projectId, description, type } = request;
    const name = checkTagName(request.name);
    const project = await this.projects.resolve(workspace, projectId);
    const [known] = await this.tags.findByNames(workspace, project, [name]);
    if (known) throw nameTaken();
    const { made } = await this.newTags.add(workspace, project, [{ name, description, type }]);
    if (!made[0]) throw nameTaken();
    return made[0];
  }
}

function nameTaken(): DomainError {
  return new DomainError('CONFLICT', 'Another tag has this name.', { field: 'name' });
}
