import { Controller, Get, UseGuards } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { DATA_BASE } from './addresses.js';
import { FeatureFlagsGuard } from './feature-flags.guard.js';

/** What the frontend and older clients read about the installation. */
@ApiTags('core')
@Controller(DATA_BASE)
@UseGuards(FeatureFlagsGuard)
export class CoreController {
  @Get('experiments')
  @ApiOperation({ operationId: 'listExperiments', summary: 'List experiments; there are none' })
  experiments(): unknown[] {
    return [];
  }
}
