import { Body, Controller, HttpCode, Param, Post } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { candidateContracts } from '@pentaprism/contracts';
import { z } from 'zod';
import { Modelings } from './modelings.js';
import { ProjectJobs } from './project-jobs.js';
import { MODEL_JOBS } from './wire/job.js';
import { projectIdOf } from './wire/parameters.js';

const autopilotBody = z.object({ command: z.enum(['start', 'stop']) }).meta({ id: 'Autopilot' });

/** Trains the blueprints of projects. */
@ApiTags('models')
@Controller('api/v2/projects/:projectId')
export class AutopilotController {
  constructor(
    private readonly bus: Bus,
    private readonly modelings: Modelings,
    private readonly jobs: ProjectJobs,
  ) {}

  @Post('autopilots')
  @HttpCode(202)
  @ApiOperation({ operationId: 'createAutopilot', summary: 'Train all blueprints that have no model yet' })
  @ApiAcceptedResponse()
  async create(@Param('projectId') id: string): Promise<void> {
    await this.bus.call(candidateContracts.trainAll, { projectId: projectIdOf(id) });
  }

  @Post('autopilot')
  @HttpCode(202)
  @ApiOperation({ operationId: 'controlAutopilot', summary: 'Pause the training of blueprints, or resume it' })
  @ApiAcceptedResponse()
  async control(
    @Param('projectId') id: string,
    @Body({ schema: autopilotBody }) { command }: z.output<typeof autopilotBody>,
  ): Promise<void> {
    const projectId = projectIdOf(id);
    const { modeling } = await this.modelings.find(projectId);
    if (command === 'stop') await this.jobs.abortWaiting({ projectId, types: MODEL_JOBS });
    // In manual mode, clients choose what is trained.
    else if (modeling.target?.mode !== 'manual') await this.bus.call(candidateContracts.trainAll, { projectId });
  }
}
