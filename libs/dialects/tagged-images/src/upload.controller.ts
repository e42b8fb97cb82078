import { Body, Controller, Post, Req } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiCreatedResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { ingestContracts } from '@pentaprism/contracts';
import { checkTagNames } from '@pentaprism/domain';
import { Contents, principalOf, releaseBody, type BodyConfig } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { imageCreatedResponse, UPLOAD_BODY_LIMIT, uploadCreateInput } from './wire.js';

@ApiTags('upload')
@Controller('v1/upload')
export class UploadController {
  constructor(
    private readonly bus: Bus,
    private readonly contents: Contents,
  ) {}

  @Post()
  @RouteConfig({ jsonBodyLimit: UPLOAD_BODY_LIMIT, lifted: ['image_data'] } satisfies BodyConfig)
  @ApiOperation({ operationId: 'uploadImage', summary: 'Upload an Image and create an Image Record in one shot' })
  @ApiCreatedResponse({ standardSchema: imageCreatedResponse })
  async upload(
    @Body({ schema: uploadCreateInput }) body: typeof uploadCreateInput._output,
    @Req() request: FastifyRequest,
  ) {
    // Before the bytes are stored: a refused request leaves nothing behind.
    const tagNames = checkTagNames(body.tags);
    const content = await this.contents.store(principalOf(request).workspace, body.image_data, UPLOAD_BODY_LIMIT);
    // The body stays referenced until the answer: without this, its bytes would be in memory but not counted.
    body.image_data = Buffer.alloc(0);
    releaseBody(request);
    const image = await this.bus.call(ingestContracts.addImage, { fileName: body.filename, tagNames, content });
    return { id: image.number };
  }
}
