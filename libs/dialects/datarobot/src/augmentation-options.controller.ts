import { Controller, Get, Param } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { DomainError } from '@pentaprism/domain';
import { Modelings } from './modelings.js';
import { augmentationOptions, toAugmentationOptions } from './wire/augmentation-options.js';
import { existingId } from './wire/parameters.js';

@ApiTags('image augmentation')
@Controller('api/v2/imageAugmentationOptions')
export class AugmentationOptionsController {
  constructor(private readonly modelings: Modelings) {}

  @Get(':projectId')
  @ApiOperation({ operationId: 'getImageAugmentationOptions', summary: 'Get the transformations and their ranges' })
  @ApiOkResponse({ standardSchema: augmentationOptions })
  async get(@Param('projectId') projectId: string) {
    const { project, modeling } = await this.modelings.find(existingId(projectId, 'project'));
    if (modeling.imageColumn === null)
      throw new DomainError('FAILED_PRECONDITION', 'The project has no image column to augment.');
    return toAugmentationOptions(project, modeling.imageColumn);
  }
}
