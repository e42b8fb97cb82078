import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { imageContracts, sampleContracts } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { Contents, principalOf, type StoredContent } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { imageMetadata } from './wire/image.js';
import { existingId } from './wire/parameters.js';

interface FoundImage extends Omit<StoredContent, 'workspace'> {
  readonly imageId: string;
  readonly width: number;
  readonly height: number;
}

/** Images by id: pictures of a project, and augmented images, which only samples list. */
@ApiTags('images')
@Controller('api/v2/projects/:projectId/images/:imageId')
export class ImagesController {
  constructor(
    private readonly bus: Bus,
    private readonly contents: Contents,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'getImage', summary: 'Get the size of an image in pixels' })
  @ApiOkResponse({ standardSchema: imageMetadata })
  async get(
    @Param('projectId') projectId: string,
    @Param('imageId') id: string,
  ): Promise<z.output<typeof imageMetadata>> {
    const { imageId, width, height } = await this.find(projectId, id);
    return { imageId, width, height };
  }

  @Get('file')
  @ApiOperation({ operationId: 'getImageFile', summary: 'Get the file of an image' })
  async getFile(
    @Param('projectId') projectId: string,
    @Param('imageId') id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { area, sha256, size, mediaType } = await this.find(projectId, id);
    const { workspace } = principalOf(request);
    await this.contents.send(request, reply, { area, workspace, sha256, size, mediaType });
  }

  private async find(projectId: string, id: string): Promise<FoundImage> {
    const key = { projectId: existingId(projectId, 'project'), imageId: existingId(id, 'image') };
    try {
      const picture = await this.bus.call(imageContracts.getPicture, { projectId: key.projectId, id: key.imageId });
      return { ...picture, area: 'originals', imageId: picture.id };
    } catch (error) {
      // An image that exists and is no picture says why.
      if (!DomainError.is(error, 'NOT_FOUND') || error.details['reason'] !== undefined) throw error;
      return { ...(await this.bus.call(sampleContracts.getImage, key)), area: 'samples' };
    }
  }
}
