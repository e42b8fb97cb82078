import { Controller, Param, Req, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { V1_TRAINING } from '../addresses.js';
import { getDomain, listDomains } from '../operations/domains.js';
import * as inputs from '../operations/inputs.js';
import { Iterations } from '../operations/iterations.js';
import { Performances } from '../operations/performances.js';
import { Projects } from '../operations/projects.js';
import * as queries from '../operations/queries.js';
import { Tags } from '../operations/tags.js';
import { AnswerInterceptor, Delete, Get, Patch, Post } from '../route.js';
import { readModel } from '../wire/body.js';
import { checkGuid, idInPath, isWorkspace } from '../wire/ids.js';
import { readQuery, required } from '../wire/query.js';
import * as models from './models.js';

const PROJECT = `${V1_TRAINING}/projects/:projectId`;

@ApiTags('v1.2 training')
@UseInterceptors(AnswerInterceptor)
@Controller(`${V1_TRAINING}/domains`)
export class DomainsControllerV1 {
  @Get('', { id: 'GetDomains', summary: 'List the domains', answer: z.array(models.domain) })
  list() {
    return listDomains().map(models.toDomain);
  }

  @Get(':domainId', { id: 'GetDomain', summary: 'Get a domain', answer: models.domain })
  get(@Param('domainId') id: string) {
    return models.toDomain(getDomain(id));
  }
}

@ApiTags('v1.2 training')
@UseInterceptors(AnswerInterceptor)
@Controller(`${V1_TRAINING}/projects`)
export class ProjectsControllerV1 {
  constructor(private readonly projects: Projects) {}

  @Get('', { id: 'GetProjects', summary: 'List the projects', answer: z.array(models.project) })
  async list() {
    return (await this.projects.list()).map(models.toProject);
  }

  @Post('', { id: 'CreateProject', summary: 'Create a project', query: queries.projectQuery, answer: models.project })
  async create(@Req() request: FastifyRequest) {
    return models.toProject(await this.projects.create(readQuery(request, queries.projectQuery)));
  }

  @Get(':projectId', { id: 'GetProject', summary: 'Get a project', answer: models.project })
  async get(@Param('projectId') project: string) {
    return models.toProject(await this.projects.get(project));
  }

  @Patch(':projectId', {
    id: 'UpdateProject',
    summary: 'Change a project',
    body: inputs.projectInput,
    answer: models.project,
  })
  async update(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const { name, description, settings } = await readModel(request, inputs.projectInput);
    const changes = { name, description, domainId: settings?.domainId };
    return models.toProject(await this.projects.update(project, changes));
  }

  @Delete(':projectId', { id: 'DeleteProject', audit: 'project.delete', summary: 'Delete a project' })
  delete(@Param('projectId') project: string) {
    return this.projects.delete(project);
  }
}

@ApiTags('v1.2 training')
@UseInterceptors(AnswerInterceptor)
@Controller(`${PROJECT}/tags`)
export class TagsControllerV1 {
  constructor(private readonly tags: Tags) {}

  @Get('', { id: 'GetTags', summary: 'List the tags', query: queries.iterationQuery, answer: models.tagList })
  async list(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return models.toTagList(await this.tags.list(project, readQuery(request, queries.iterationQuery).iterationId));
  }

  @Post('', { id: 'CreateTag', summary: 'Create a tag', query: queries.tagQuery, answer: models.tag })
  async create(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return models.toTag(await this.tags.create(project, readQuery(request, queries.tagQuery)));
  }

  @Get(':tagId', { id: 'GetTag', summary: 'Get a tag', query: queries.iterationQuery, answer: models.tag })
  async get(@Param('projectId') project: string, @Param('tagId') tag: string, @Req() request: FastifyRequest) {
    return models.toTag(await this.tags.get(project, tag, readQuery(request, queries.iterationQuery).iterationId));
  }

  @Patch(':tagId', { id: 'UpdateTag', summary: 'Change a tag', body: inputs.tagInput, answer: models.tag })
  async update(@Param('projectId') project: string, @Param('tagId') tag: string, @Req() request: FastifyRequest) {
    const { name, description } = await readModel(request, inputs.tagInput);
    return models.toTag(await this.tags.update(project, tag, { name, description }));
  }

  @Delete(':tagId', { id: 'DeleteTag', summary: 'Delete a tag: its images stay' })
  delete(@Param('projectId') project: string, @Param('tagId') tag: string) {
    return this.tags.delete(project, tag);
  }
}

@ApiTags('v1.2 training')
@UseInterceptors(AnswerInterceptor)
@Controller(PROJECT)
export class TrainControllerV1 {
  constructor(private readonly iterations: Iterations) {}

  @Post('train', {
    id: 'TrainProject',
    summary: 'Train a new iteration on the images as they are now',
    answer: models.iteration,
  })
  async train(@Param('projectId') project: string) {
    return models.toIteration(await this.iterations.train(project, {}));
  }
}

@ApiTags('v1.2 training')
@UseInterceptors(AnswerInterceptor)
@Controller(`${PROJECT}/iterations`)
export class IterationsControllerV1 {
  constructor(
    private readonly iterations: Iterations,
    private readonly projects: Projects,
    private readonly performances: Performances,
  ) {}

  @Get('', {
    id: 'GetIterations',
    summary: 'List the iterations, oldest first, and the workspace behind them',
    answer: z.array(models.iteration),
  })
  async list(@Param('projectId') project: string) {
    const { workspace, iterations } = await this.iterationsOf(project);
    return [...iterations.reverse().map(models.toIteration), workspace];
  }

  @Get(':iterationId', { id: 'GetIteration', summary: 'Get an iteration, or the workspace', answer: models.iteration })
  async get(@Param('projectId') project: string, @Param('iterationId') iteration: string) {
    const isCurrent = isWorkspace(checkGuid(iteration, 'iteration'), idInPath(project, 'project'));
    if (isCurrent) return (await this.iterationsOf(project)).workspace;
    return models.toIteration(await this.iterations.get(project, iteration));
  }

  @Patch(':iterationId', {
    id: 'UpdateIteration',
    summary: 'Rename an iteration, or make it the default one',
    body: inputs.iterationInput,
    answer: models.iteration,
  })
  async update(
    @Param('projectId') project: string,
    @Param('iterationId') iteration: string,
    @Req() request: FastifyRequest,
  ) {
    const changes = await readModel(request, inputs.iterationInput);
    return models.toIteration(await this.iterations.update(project, iteration, changes));
  }

  @Delete(':iterationId', { id: 'DeleteIteration', summary: 'Delete an iteration that is not in use' })
  delete(@Param('projectId') project: string, @Param('iterationId') iteration: string) {
    return this.iterations.delete(project, iteration);
  }

  @Get(':iterationId/performance', {
    id: 'GetIterationPerformance',
    summary: 'How well an iteration does at a threshold',
    query: queries.thresholdQuery,
    answer: models.iterationPerformance,
  })
  async performance(
    @Param('projectId') project: string,
    @Param('iterationId') iteration: string,
    @Req() request: FastifyRequest,
  ) {
    const threshold = required(readQuery(request, queries.thresholdQuery).threshold, 'threshold');
    return models.toIterationPerformance(await this.performances.get(project, iteration, threshold));
  }

  @Get(':iterationId/export', {
    id: 'GetExports',
    summary: 'List the files of an iteration',
    answer: z.array(models.exported),
  })
  async exports(
    @Param('projectId') project: string,
    @Param('iterationId') iteration: string,
    @Req() request: FastifyRequest,
  ) {
    return (await this.iterations.exports(request, project, iteration)).map(models.toExport);
  }

  @Post(':iterationId/export', {
    id: 'ExportIteration',
    summary: 'Make a file of an iteration',
    query: queries.exportQuery,
    answer: models.exported,
  })
  async export(
    @Param('projectId') project: string,
    @Param('iterationId') iteration: string,
    @Req() request: FastifyRequest,
  ) {
    const { platform, flavor } = readQuery(request, queries.exportQuery);
    return models.toExport(await this.iterations.export(request, project, iteration, platform, flavor));
  }

  private async iterationsOf(project: string) {
    const [found, iterations] = await Promise.all([this.projects.get(project), this.iterations.list(project)]);
    return { workspace: models.toWorkspace(found, iterations), iterations };
  }
}
