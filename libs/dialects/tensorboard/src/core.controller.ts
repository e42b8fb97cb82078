import { Controller, Get, Query, Req, Res, UseGuards } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiQuery, ApiTags } from '@nestjs/swagger';
import { DomainError } from '@pentaprism/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { DATA_BASE } from './addresses.js';
import { Answer, forbidCaching, sendAnswer } from './answer.js';
import { Experiments } from './experiments/experiments.js';
import { FeatureFlagsGuard } from './feature-flags.guard.js';
import { environment, logdir, pluginsListing, runNames, windowProperties } from './models.js';
import { first } from './query.js';

/** The version of TensorBoard whose frontend these answers are for. */
const VERSION = '2.21.0';
const WINDOW_TITLE = 'Pentaprism';
const NOTHING = new Answer('[]');

/** What the frontend reads before it asks for images, and what older clients read. */
@ApiTags('core')
@Controller(DATA_BASE)
@UseGuards(FeatureFlagsGuard)
export class CoreController {
  constructor(private readonly experiments: Experiments) {}

  @Get('environment')
  @ApiOperation({ operationId: 'getEnvironment', summary: 'Get the title of the page and the place of the data' })
  @ApiOkResponse({ standardSchema: environment })
  async environment(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { source } = await this.experiments.of(request);
    const json = JSON.stringify({
      version: VERSION,
      data_location: source.location,
      window_title: WINDOW_TITLE,
      experiment_name: '',
      experiment_description: '',
      creation_time: 0,
    } satisfies typeof environment._output);
    await sendAnswer(request, reply, new Answer(json));
  }

  @Get('plugins_listing')
  @ApiOperation({ operationId: 'listPlugins', summary: 'List the dashboards that the page shows' })
  @ApiOkResponse({ standardSchema: pluginsListing })
  async pluginsListing(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const index = await this.experiments.index(await this.experiments.of(request));
    await sendAnswer(request, reply, index.pluginsListing);
  }

  @Get('runs')
  @ApiOperation({ operationId: 'listRuns', summary: 'List the names of the runs by the time of their first event' })
  @ApiOkResponse({ standardSchema: runNames })
  async runs(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const index = await this.experiments.index(await this.experiments.of(request));
    await sendAnswer(request, reply, index.runs);
  }

  @Get('logdir')
  @ApiOperation({ operationId: 'getLogdir', summary: 'Get the place of the data' })
  @ApiOkResponse({ standardSchema: logdir })
  async logdir(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { source } = await this.experiments.of(request);
    await sendAnswer(request, reply, new Answer(JSON.stringify({ logdir: source.location })));
  }

  @Get('window_properties')
  @ApiOperation({ operationId: 'getWindowProperties', summary: 'Get the title of the page' })
  @ApiOkResponse({ standardSchema: windowProperties })
  async windowProperties(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await sendAnswer(request, reply, new Answer(JSON.stringify({ window_title: WINDOW_TITLE })));
  }

  @Get('experiments')
  @ApiOperation({ operationId: 'listExperiments', summary: 'List stored experiments, of which there are none' })
  @ApiOkResponse({ standardSchema: runNames })
  async list(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await sendAnswer(request, reply, NOTHING);
  }

  @Get('experiment_runs')
  @ApiOperation({ operationId: 'listExperimentRuns', summary: 'List runs of stored experiments; there are none' })
  @ApiOkResponse({ standardSchema: runNames })
  async experimentRuns(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await sendAnswer(request, reply, NOTHING);
  }

  @Get('notifications')
  @ApiOperation({ operationId: 'getNotifications', summary: 'Find the notifications of the page' })
  async notifications(@Res() reply: FastifyReply): Promise<void> {
    await forbidCaching(reply).redirect('../notifications_note.json', 302);
  }

  @Get('plugin_entry.html')
  @ApiOperation({ operationId: 'getPluginEntry', summary: 'Refuse to load a dashboard as a page of its own' })
  @ApiQuery({ name: 'name', required: false })
  pluginEntry(@Query() query: unknown, @Res() reply: FastifyReply): never {
    forbidCaching(reply);
    const name = first(query, 'name');
    if (name === 'images') throw new DomainError('INVALID_ARGUMENT', 'Plugin is not module loadable');
    throw new DomainError('NOT_FOUND', `There is no plugin ${name ?? 'without a name'}.`);
  }
}
