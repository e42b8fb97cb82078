import { Injectable } from '@nestjs/common';
import {
  MAX_PROJECTS_PER_PAGE,
  projectContracts,
  trainingIngestContracts,
  type Project as ServiceProject,
} from '@pentaprism/contracts';
import {
  DEFAULT_TRAINING_SETTINGS,
  DomainError,
  MAX_DESCRIPTION_LENGTH,
  type ClassificationType,
} from '@pentaprism/domain';
import { collect } from '@pentaprism/http';
import type { Project } from '../v3/models.js';
import { refusal } from '../wire/codes.js';
import { guidOf, idInPath, toDate } from '../wire/ids.js';
import { isName, MAX_PROJECT_NAME_LENGTH, nameRule } from '../wire/names.js';
import { required } from '../wire/query.js';
import { domainGuid, domainOfGuid } from './domains.js';
import { Services } from './services.js';

/** A project as clients say it; what is absent stays as it is. */
export interface ProjectInput {
  readonly name?: string | null | undefined;
  readonly description?: string | null | undefined;
  /** A GUID. */
  readonly domainId?: string | null | undefined;
  readonly classificationType?: string | null | undefined;
  readonly targetExportPlatforms?: readonly string[] | null | undefined;
}

export const CLASSIFICATION_NAMES = { multiclass: 'Multiclass', multilabel: 'Multilabel' } as const;
/** The transforms that the original may apply. Trainings apply none of them: augmentation lists are another API's. */
const AUGMENTATION_METHODS = Object.fromEntries(
  ['rotation', 'scaling', 'translation', 'horizontal flip', 'equalize', 'solarize', 'padtosquare'].map((name) => [
    name,
    false,
  ]),
);
/** What a client may name at most as targets of an export; they are kept, and not looked at. */
const MAX_PLATFORMS = 20;
const MAX_PLATFORM_LENGTH = 100;
/** Names that are tried for a project whose name is taken; each costs a call. */
const MAX_COPIES = 100;

@Injectable()
export class Projects {
  constructor(private readonly services: Services) {}

  /** Newest first. */
  async list(): Promise<Project[]> {
    const read = async (offset: number, limit: number) => {
      const { projects, total } = await this.services.call(projectContracts.list, { offset, limit });
      return { items: projects, total };
    };
    const { items } = await collect(read, { offset: 0, limit: 0 }, MAX_PROJECTS_PER_PAGE);
    return items.map(toProject).reverse();
  }

  async get(projectId: string): Promise<Project> {
    return toProject(await this.services.call(projectContracts.get, { id: idInPath(projectId, 'project') }));
  }

  /**
   * Where the name is taken, the project gets the first free one of `name (1)`, `name (2)` and so on, as with the original:
   * its sample programs can be run again.
   *
   * @throws DomainError BadRequestProjectName, NotFoundDomain and others
   */
  async create(input: ProjectInput): Promise<Project> {
    const { name = '', description, training } = changesOf({ ...input, name: required(input.name, 'name') });
    for (let copy = 0; ; copy++) {
      const free = copy === 0 ? name : `${name} (${copy})`;
      try {
        const created = await this.services.call(projectContracts.create, {
          name: free,
          description: description ?? '',
          training: { exportPlatforms: [], ...DEFAULT_TRAINING_SETTINGS, ...training },
        });
        return toProject(created);
      } catch (error) {
        if (!isTaken(error) || copy === MAX_COPIES || `${name} (${copy + 1})`.length > MAX_PROJECT_NAME_LENGTH)
          throw error;
      }
    }
  }

  async update(projectId: string, input: ProjectInput): Promise<Project> {
    const id = idInPath(projectId, 'project');
    const changes = changesOf(await this.withoutForeignName(id, input));
    return toProject(await this.services.call(projectContracts.update, { id, ...changes }));
  }

  /** @throws DomainError BadRequestIterationIsPublished where a model of it is in use */
  async delete(projectId: string): Promise<void> {
    const id = idInPath(projectId, 'project');
    await this.services.call(trainingIngestContracts.deleteProject, { projectId: id });
  }

  /**
   * Removes a name from the changes that is refused here and that the project has already, from an API that allows it. SDKs
   * send the name that they read with every change.
   */
  private async withoutForeignName(id: string, input: ProjectInput): Promise<ProjectInput> {
    const { name, ...others } = input;
    if (typeof name !== 'string' || isName(name, MAX_PROJECT_NAME_LENGTH)) return input;
    const { uniqueName } = await this.services.call(projectContracts.get, { id });
    return name === uniqueName ? others : input;
  }
}

function isTaken(error: unknown): boolean {
  return DomainError.is(error) && error.details['wireCode'] === 'BadRequestProjectNameNotUnique';
}

function changesOf(input: ProjectInput) {
  const { name, description, domainId, classificationType, targetExportPlatforms: platforms } = input;
  if (typeof name === 'string' && !isName(name, MAX_PROJECT_NAME_LENGTH))
    throw refusal('BadRequestProjectName', nameRule("A project's name", MAX_PROJECT_NAME_LENGTH));
  if (description && description.length > MAX_DESCRIPTION_LENGTH)
    throw refusal('BadRequestProjectDescription', `A description has at most ${MAX_DESCRIPTION_LENGTH} characters.`);
  if (platforms && (platforms.length > MAX_PLATFORMS || platforms.some((each) => each.length > MAX_PLATFORM_LENGTH)))
    throw refusal('BadRequest', `targetExportPlatforms has at most ${MAX_PLATFORMS} names.`);
  return {
    ...(typeof name === 'string' ? { name } : {}),
    ...(typeof description === 'string' ? { description } : {}),
    training: {
      ...(domainId ? { domain: domainOfGuid(domainId) } : {}),
      ...(classificationType ? { classificationType: classificationTypeOf(classificationType) } : {}),
      ...(platforms ? { exportPlatforms: [...platforms] } : {}),
    },
  };
}

function classificationTypeOf(name: string): ClassificationType {
  const type = name.toLowerCase();
  if (type === 'multiclass' || type === 'multilabel') return type;
  throw refusal('BadRequestProjectUnknownClassification', 'classificationType is Multiclass or Multilabel.');
}

/** Shows the unique name: names may be equal in other APIs, and here no two projects have the same. */
function toProject({ id, uniqueName, description, training, createdAt, modifiedAt }: ServiceProject): Project {
  return {
    id: guidOf(id),
    name: uniqueName,
    description,
    settings: {
      domainId: domainGuid(training.domain),
      classificationType: CLASSIFICATION_NAMES[training.classificationType],
      targetExportPlatforms: training.exportPlatforms,
      useNegativeSet: true,
      detectionParameters: null,
      imageProcessingSettings: { augmentationMethods: AUGMENTATION_METHODS },
    },
    created: toDate(createdAt),
    lastModified: toDate(modifiedAt),
    thumbnailUri: null,
    drModeEnabled: false,
    status: 'Succeeded',
  };
}
