import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { projectContracts } from '@pentaprism/contracts';
import { augmentationOptions, toAugmentationOptions } from './wire/augmentation-options.js';
import { existingId } from './wire/parameters.js';

@ApiTags('image augmentation')
@Controller('api/v2/imageAugmentationOptions')
export class AugmentationOptionsController {
  constructor(private readonly bus: Bus) {}

  @Get(':projectId')
  @ApiOperation({ operationId: 'getImageAugmentationOptions', summary: 'Get the transformations and their ranges' })
  @ApiOkResponse({ standardSchema: augmentationOptions })
  async get(@Param('projectId') projectId: string) {
    return toAugmentationOptions(await this.bus.call(projectContracts.get, { id: existingId(projectId, 'project') }));
  }
}
