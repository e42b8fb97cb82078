import { Body, Controller, Delete, Get, HttpCode, Param, Patch, Query } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import {
  candidateContracts,
  MAX_PROJECTS_PER_PAGE,
  modelingContracts,
  projectContracts,
  trainingIngestContracts,
  type Modeling,
  type Project,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { collect, type AccessConfig } from '@pentaprism/http';
import { z } from 'zod';
import { Modelings } from './modelings.js';
import { projectIdOf } from './wire/parameters.js';
import {
  patchProjectBody,
  projectBody,
  projectOptionsBody,
  projectsQuery,
  projectStatusBody,
  toProjectBody,
  toProjectStatusBody,
} from './wire/project.js';

type Changes = z.output<typeof patchProjectBody>;

@ApiTags('projects')
@Controller('api/v2/projects')
export class ProjectsController {
  constructor(
    private readonly bus: Bus,
    private readonly modelings: Modelings,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'listProjects', summary: 'List projects, by part of their name' })
  @ApiOkResponse({ standardSchema: z.array(projectBody) })
  async list(@Query({ schema: projectsQuery }) { projectName, ...paging }: z.output<typeof projectsQuery>) {
    const filter = projectName ? { nameContains: projectName } : {};
    const read = async (offset: number, limit: number) => {
      const { projects, total } = await this.bus.call(projectContracts.list, { ...filter, offset, limit });
      return { items: projects, total };
    };
    const { items } = await collect(read, paging, MAX_PROJECTS_PER_PAGE);
    const modelings = await this.modelings.describe(items.map(({ id }) => id));
    return items.map((project, i) => toProjectBody(project, modelings[i] as Modeling));
  }

  @Get(':projectId')
  @ApiOperation({ operationId: 'getProject', summary: 'Get a project' })
  @ApiOkResponse({ standardSchema: projectBody })
  async get(@Param('projectId') id: string) {
    const { project, modeling } = await this.modelings.find(projectIdOf(id));
    return toProjectBody(project, modeling);
  }

  @Patch(':projectId')
  @ApiOperation({ operationId: 'updateProject', summary: 'Change a project, or unlock its hold-out' })
  @ApiOkResponse({ standardSchema: projectBody })
  async update(
    @Param('projectId') id: string,
    @Body({ schema: patchProjectBody.optional() }) changes: Changes | undefined,
  ) {
    const projectId = projectIdOf(id);
    if (changes?.holdoutUnlocked) await this.requireHoldout(projectId);
    const project = await this.change(projectId, changes ?? {});
    const modeling = await this.changeModeling(projectId, changes ?? {});
    return toProjectBody(project, modeling);
  }

  @Delete(':projectId')
  @HttpCode(204)
  @RouteConfig({ audit: 'project.delete' } satisfies AccessConfig)
  @ApiOperation({ operationId: 'deleteProject', summary: 'Delete a project' })
  async delete(@Param('projectId') id: string): Promise<void> {
    await this.bus.call(trainingIngestContracts.deleteProject, { projectId: projectIdOf(id) });
  }

  @Get(':projectId/options')
  @ApiOperation({ operationId: 'getProjectOptions', summary: 'Get the settings of a project for its modelling' })
  @ApiOkResponse({ standardSchema: projectOptionsBody })
  async getOptions(@Param('projectId') id: string): Promise<z.output<typeof projectOptionsBody>> {
    await this.bus.call(projectContracts.get, { id: projectIdOf(id) });
    return {};
  }

  @Get(':projectId/status')
  @ApiOperation({ operationId: 'getProjectStatus', summary: 'Get the stage of a project' })
  @ApiOkResponse({ standardSchema: projectStatusBody })
  async getStatus(@Param('projectId') id: string) {
    const { modeling } = await this.modelings.find(projectIdOf(id));
    return toProjectStatusBody(modeling, await this.isTraining(modeling));
  }

  /** Returns whether autopilot has models to train. In manual mode there is no autopilot. */
  private async isTraining({ projectId, target, searching }: Modeling): Promise<boolean> {
    if (!target || target.mode === 'manual') return false;
    if (searching) return true;
    const { candidates } = await this.bus.call(candidateContracts.list, { projectId, state: 'training' });
    return candidates.length > 0;
  }

  /** Throws NOT_FOUND; FAILED_PRECONDITION for a project whose hold-out could not be unlocked after its name was changed. */
  private async requireHoldout(projectId: string): Promise<void> {
    const { modeling } = await this.modelings.find(projectId);
    if (!modeling.dataset)
      throw new DomainError('FAILED_PRECONDITION', 'A project that was not made of a dataset has no hold-out.');
  }

  private change(id: string, { projectName: name, projectDescription }: Changes): Promise<Project> {
    if (name === undefined && projectDescription === undefined) return this.bus.call(projectContracts.get, { id });
    return this.bus.call(projectContracts.update, {
      id,
      ...(name === undefined ? {} : { name, sameName: 'number' as const }),
      ...(projectDescription === undefined ? {} : { description: projectDescription ?? '' }),
    });
  }

  private async changeModeling(projectId: string, { holdoutUnlocked }: Changes): Promise<Modeling> {
    if (holdoutUnlocked) return this.bus.call(modelingContracts.update, { projectId, holdoutUnlocked });
    return (await this.modelings.describe([projectId]))[0] as Modeling;
  }
}
