import { Controller, Get } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { FILTERS_BASE, MODALITY_BASE } from './paths.js';

/** The bases themselves, which clients ask for to see whether the service is there. */
@ApiTags('service')
@Controller()
export class ServiceController {
  @Get(FILTERS_BASE)
  @ApiOperation({ operationId: 'isFiltersAvailable', summary: 'Find out whether the service is available' })
  filters() {
    return { service: 'DSIO Filters', version: 'v1' };
  }

  @Get(MODALITY_BASE)
  @ApiOperation({ operationId: 'isModalityAvailable', summary: 'Find out whether the service is available' })
  modality() {
    return { service: 'DSIO Modality', version: 'v1' };
  }
}
