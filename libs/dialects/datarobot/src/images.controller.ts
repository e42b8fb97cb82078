import { Controller, Get, Param, Req, Res } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import {
  imageContracts,
  imageInsightContracts,
  INSIGHTS_AREA,
  modelingContracts,
  sampleContracts,
  targetContracts,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { Contents, principalOf, type StoredContent } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { existingId } from './wire/parameters.js';
import { singleImage } from './wire/target.js';

interface FoundImage extends Omit<StoredContent, 'workspace'> {
  readonly imageId: string;
  readonly width: number;
  readonly height: number;
}

interface ImageKey {
  readonly projectId: string;
  readonly imageId: string;
}

/** Images by id: pictures of a project, augmented images, pictures with activation maps, and images of rows. */
@ApiTags('images')
@Controller('api/v2/projects/:projectId/images/:imageId')
export class ImagesController {
  constructor(
    private readonly bus: Bus,
    private readonly contents: Contents,
  ) {}

  @Get()
  @ApiOperation({ operationId: 'getImage', summary: 'Get the size of an image in pixels, and its target value' })
  @ApiOkResponse({ standardSchema: singleImage })
  async get(
    @Param('projectId') projectId: string,
    @Param('imageId') id: string,
  ): Promise<z.output<typeof singleImage>> {
    const { imageId, width, height } = await this.find(projectId, id);
    const { value } = await this.bus.call(targetContracts.ofImage, { projectId, imageId });
    return { imageId, width, height, ...(value === null ? {} : { targetValue: value }) };
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
    const content = { area, workspace, sha256, size, mediaType };
    // An overlay goes with its insight, at any moment.
    await this.contents.send(request, reply, content, area === INSIGHTS_AREA ? { mayBeGone: true } : {});
  }

  private async find(projectId: string, id: string): Promise<FoundImage> {
    const key = { projectId: existingId(projectId, 'project'), imageId: existingId(id, 'image') };
    return (
      (await unlessMissing(this.findPicture(key))) ??
      (await unlessMissing(this.findSample(key))) ??
      (await unlessMissing(this.findOverlay(key))) ??
      (await this.findInRow(key))
    );
  }

  private async findPicture({ projectId, imageId }: ImageKey): Promise<FoundImage> {
    const picture = await this.bus.call(imageContracts.getPicture, { projectId, id: imageId });
    return { ...picture, area: 'originals', imageId };
  }

  private async findSample(key: ImageKey): Promise<FoundImage> {
    return { ...(await this.bus.call(sampleContracts.getImage, key)), area: 'samples' };
  }

  private async findOverlay(key: ImageKey): Promise<FoundImage> {
    const { content, ...overlay } = await this.bus.call(imageInsightContracts.overlay, key);
    return { ...overlay, ...content, area: INSIGHTS_AREA };
  }

  /** Finds an image that the catalog has deleted, and that a row of the project still has. */
  private async findInRow(key: ImageKey): Promise<FoundImage> {
    return { ...(await this.bus.call(modelingContracts.image, key)), area: 'originals' };
  }
}

/** Returns undefined for NOT_FOUND. But an image that exists and is not a picture has a reason, which is thrown. */
async function unlessMissing(found: Promise<FoundImage>): Promise<FoundImage | undefined> {
  try {
    return await found;
  } catch (error) {
    if (DomainError.is(error, 'NOT_FOUND') && error.details['reason'] === undefined) return undefined;
    throw error;
  }
}
