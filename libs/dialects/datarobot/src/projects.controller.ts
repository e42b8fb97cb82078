import { Controller, Get, Param, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { MAX_PROJECTS_PER_PAGE, projectContracts } from '@pentaprism/contracts';
import { collect } from '@pentaprism/http';
import { z } from 'zod';
import { existingId } from './wire/parameters.js';
import { projectBody, projectsQuery, toProjectBody } from './wire/project.js';

@ApiTags('projects')
@Controller('api/v2/projects')
export class ProjectsController {
  constructor(private readonly bus: Bus) {}

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
    return items.map(toProjectBody);
  }

  @Get(':projectId')
  @ApiOperation({ operationId: 'getProject', summary: 'Get a project' })
  @ApiOkResponse({ standardSchema: projectBody })
  async get(@Param('projectId') projectId: string) {
    return toProjectBody(await this.bus.call(projectContracts.get, { id: existingId(projectId, 'project') }));
  }
}
