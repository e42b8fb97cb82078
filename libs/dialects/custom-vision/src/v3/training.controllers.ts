import { Controller, Param, Req, UseInterceptors } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { V3_TRAINING, versionOf } from '../addresses.js';
import { getDomain, listDomains } from '../operations/domains.js';
import * as inputs from '../operations/inputs.js';
import { Iterations } from '../operations/iterations.js';
import { Performances } from '../operations/performances.js';
import { Projects } from '../operations/projects.js';
import * as queries from '../operations/queries.js';
import { Tags } from '../operations/tags.js';
import { AnswerInterceptor, Delete, Get, Patch, Post } from '../route.js';
import { readModel } from '../wire/body.js';
import { readQuery } from '../wire/query.js';
import { isAtLeast } from '../wire/versions.js';
import * as models from './models.js';

const PROJECT = `${V3_TRAINING}/projects/:projectId`;
const ITERATION = ':iterationId';

@ApiTags('v3 training')
@UseInterceptors(AnswerInterceptor)
@Controller(`${V3_TRAINING}/domains`)
export class DomainsControllerV3 {
  @Get('', { id: 'getDomains', summary: 'List the domains', answer: z.array(models.domain) })
  list() {
    return listDomains();
  }

  @Get(':domainId', { id: 'getDomain', summary: 'Get a domain', answer: models.domain })
  get(@Param('domainId') id: string) {
    return getDomain(id);
  }
}

@ApiTags('v3 training')
@UseInterceptors(AnswerInterceptor)
@Controller(`${V3_TRAINING}/projects`)
export class ProjectsControllerV3 {
  constructor(private readonly projects: Projects) {}

  @Get('', { id: 'getProjects', summary: 'List the projects', answer: z.array(models.project) })
  list() {
    return this.projects.list();
  }

  @Post('', { id: 'createProject', summary: 'Create a project', query: queries.projectQueryV3, answer: models.project })
  create(@Req() request: FastifyRequest) {
    return this.projects.create(readQuery(request, queries.projectQueryV3));
  }

  @Get(':projectId', { id: 'getProject', summary: 'Get a project', answer: models.project })
  get(@Param('projectId') project: string) {
    return this.projects.get(project);
  }

  @Patch(':projectId', {
    id: 'updateProject',
    summary: 'Change a project',
    body: inputs.projectInput,
    answer: models.project,
  })
  async update(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const { settings, ...input } = await readModel(request, inputs.projectInput);
    return this.projects.update(project, { ...input, ...settings });
  }

  @Delete(':projectId', { id: 'deleteProject', audit: 'project.delete', summary: 'Delete a project' })
  delete(@Param('projectId') project: string) {
    return this.projects.delete(project);
  }
}

@ApiTags('v3 training')
@UseInterceptors(AnswerInterceptor)
@Controller(`${PROJECT}/tags`)
export class TagsControllerV3 {
  constructor(private readonly tags: Tags) {}

  @Get('', { id: 'getTags', summary: 'List the tags', query: queries.iterationQuery, answer: z.array(models.tag) })
  async list(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return (await this.tags.list(project, readQuery(request, queries.iterationQuery).iterationId)).tags;
  }

  @Post('', { id: 'createTag', summary: 'Create a tag', query: queries.tagQueryV3, answer: models.tag })
  create(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    return this.tags.create(project, readQuery(request, queries.tagQueryV3));
  }

  @Get(':tagId', { id: 'getTag', summary: 'Get a tag', query: queries.iterationQuery, answer: models.tag })
  get(@Param('projectId') project: string, @Param('tagId') tag: string, @Req() request: FastifyRequest) {
    return this.tags.get(project, tag, readQuery(request, queries.iterationQuery).iterationId);
  }

  @Patch(':tagId', { id: 'updateTag', summary: 'Change a tag', body: inputs.tagInput, answer: models.tag })
  async update(@Param('projectId') project: string, @Param('tagId') tag: string, @Req() request: FastifyRequest) {
    return this.tags.update(project, tag, await readModel(request, inputs.tagInput));
  }

  @Delete(':tagId', { id: 'deleteTag', summary: 'Delete a tag: its images stay' })
  delete(@Param('projectId') project: string, @Param('tagId') tag: string) {
    return this.tags.delete(project, tag);
  }
}

@ApiTags('v3 training')
@UseInterceptors(AnswerInterceptor)
@Controller(PROJECT)
export class TrainControllerV3 {
  constructor(private readonly iterations: Iterations) {}

  @Post('train', {
    id: 'trainProject',
    summary: 'Train a new iteration on the images as they are now',
    query: queries.trainQueryV3,
    body: inputs.trainingParameters,
    answer: models.iteration,
  })
  async train(@Param('projectId') project: string, @Req() request: FastifyRequest) {
    const query = readQuery(request, queries.trainQueryV3);
    const { selectedTags } = await readModel(request, inputs.trainingParameters);
    return this.iterations.train(project, { ...query, selectedTags });
  }
}

@ApiTags('v3 training')
@UseInterceptors(AnswerInterceptor)
@Controller(`${PROJECT}/iterations`)
export class IterationsControllerV3 {
  constructor(
    private readonly iterations: Iterations,
    private readonly performances: Performances,
  ) {}

  @Get('', { id: 'getIterations', summary: 'List the iterations, newest first', answer: z.array(models.iteration) })
  list(@Param('projectId') project: string) {
    return this.iterations.list(project);
  }

  @Get(ITERATION, { id: 'getIteration', summary: 'Get an iteration', answer: models.iteration })
  get(@Param('projectId') project: string, @Param('iterationId') iteration: string) {
    return this.iterations.get(project, iteration);
  }

  @Patch(ITERATION, {
    id: 'updateIteration',
    summary: 'Rename an iteration',
    body: inputs.iterationInput,
    answer: models.iteration,
  })
  async update(
    @Param('projectId') project: string,
    @Param('iterationId') iteration: string,
    @Req() request: FastifyRequest,
  ) {
    const { name, isDefault } = await readModel(request, inputs.iterationInput);
    // From v3.0 on, iterations are published instead.
    const changes = isAtLeast(versionOf(request), '3.0') ? { name } : { name, isDefault };
    return this.iterations.update(project, iteration, changes);
  }

  @Delete(ITERATION, { id: 'deleteIteration', summary: 'Delete an iteration that is not published' })
  delete(@Param('projectId') project: string, @Param('iterationId') iteration: string) {
    return this.iterations.delete(project, iteration);
  }

  @Post(`${ITERATION}/publish`, {
    id: 'publishIteration',
    summary: 'Publish an iteration under a name',
    query: queries.publishQuery,
    answer: models.published,
  })
  async publish(
    @Param('projectId') project: string,
    @Param('iterationId') iteration: string,
    @Req() request: FastifyRequest,
  ) {
    await this.iterations.publish(project, iteration, readQuery(request, queries.publishQuery));
    return true;
  }

  @Delete(`${ITERATION}/publish`, { id: 'unpublishIteration', summary: 'Take a published name back' })
  unpublish(@Param('projectId') project: string, @Param('iterationId') iteration: string) {
    return this.iterations.unpublish(project, iteration);
  }

  @Get(`${ITERATION}/performance`, {
    id: 'getIterationPerformance',
    summary: 'How well an iteration does',
    query: queries.thresholdQueryV3,
    answer: models.iterationPerformance,
  })
  performance(
    @Param('projectId') project: string,
    @Param('iterationId') iteration: string,
    @Req() request: FastifyRequest,
  ) {
    return this.performances.get(project, iteration, readQuery(request, queries.thresholdQueryV3).threshold);
  }

  @Get(`${ITERATION}/performance/images`, {
    id: 'getImagePerformances',
    summary: 'What an iteration predicted for the images of its training',
    query: queries.imagePerformanceQuery,
    answer: z.array(models.imagePerformance),
  })
  imagePerformances(
    @Param('projectId') project: string,
    @Param('iterationId') iteration: string,
    @Req() request: FastifyRequest,
  ) {
    return this.performances.images(request, project, iteration, readQuery(request, queries.imagePerformanceQuery));
  }

  @Get(`${ITERATION}/performance/images/count`, {
    id: 'getImagePerformanceCount',
    summary: 'Count the images of a training',
    query: queries.imagePerformanceCountQuery,
    answer: models.count,
  })
  countImagePerformances(
    @Param('projectId') project: string,
    @Param('iterationId') iteration: string,
    @Req() request: FastifyRequest,
  ) {
    return this.performances.count(project, iteration, readQuery(request, queries.imagePerformanceCountQuery).tagIds);
  }

  @Get(`${ITERATION}/export`, {
    id: 'getExports',
    summary: 'List the files of an iteration',
    answer: z.array(models.exported),
  })
  exports(
    @Param('projectId') project: string,
    @Param('iterationId') iteration: string,
    @Req() request: FastifyRequest,
  ) {
    return this.iterations.exports(request, project, iteration);
  }

  @Post(`${ITERATION}/export`, {
    id: 'exportIteration',
    summary: 'Make a file of an iteration',
    query: queries.exportQuery,
    answer: models.exported,
  })
  export(@Param('projectId') project: string, @Param('iterationId') iteration: string, @Req() request: FastifyRequest) {
    const { platform, flavor } = readQuery(request, queries.exportQuery);
    return this.iterations.export(request, project, iteration, platform, flavor);
  }
}
