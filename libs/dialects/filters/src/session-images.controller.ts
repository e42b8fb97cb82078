import { Controller, Get, Param, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { modalityContracts, type ModalityImage } from '@pentaprism/contracts';
import { Contents, principalOf, PublicOrigin, type BodyConfig } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { MediaUploads, UPLOAD_FORM } from './media-uploads.js';
import { modalityIdOf } from './modality-id.js';
import { MODALITY_BASE } from './paths.js';
import { sessionImage, toSessionImage } from './wire/session.js';

/** Images of sessions that are kept here. A client adds them in place of the device. */
@ApiTags('modality sessions')
@Controller(`${MODALITY_BASE}/acquisition/:sessionId/images`)
export class SessionImagesController {
  constructor(
    private readonly bus: Bus,
    private readonly uploads: MediaUploads,
    private readonly contents: Contents,
    private readonly origin: PublicOrigin,
  ) {}

  @Post()
  @RouteConfig({ multipart: true } satisfies BodyConfig)
  @ApiConsumes('multipart/form-data')
  @ApiBody({ schema: UPLOAD_FORM })
  @ApiOperation({ operationId: 'addSessionImage', summary: 'Add an image to a session, as a sensor would' })
  @ApiCreatedResponse({ standardSchema: sessionImage })
  async add(@Param('sessionId') id: string, @Req() request: FastifyRequest) {
    const sessionId = modalityIdOf(id);
    // Before any byte is kept.
    const before = () => this.bus.call(modalityContracts.getSession, { sessionId });
    const upload = await this.uploads.receive(request, 'modality', before);
    return this.answer(request, await this.bus.call(modalityContracts.addImage, { sessionId, ...upload }));
  }

  @Get()
  @ApiOperation({ operationId: 'getSessionImages', summary: 'List the images of a session' })
  @ApiOkResponse({ standardSchema: z.array(sessionImage) })
  async list(@Param('sessionId') id: string, @Req() request: FastifyRequest) {
    const { images } = await this.bus.call(modalityContracts.listImages, { sessionId: modalityIdOf(id) });
    return images.map((image) => this.answer(request, image));
  }

  @Get(':imageId')
  @ApiOperation({ operationId: 'getSessionImage', summary: 'Get what is known of an image of a session' })
  @ApiOkResponse({ standardSchema: sessionImage })
  async get(@Param('sessionId') sessionId: string, @Param('imageId') imageId: string, @Req() request: FastifyRequest) {
    return this.answer(request, await this.find(sessionId, imageId));
  }

  @Get(':imageId/media')
  @ApiOperation({ operationId: 'getSessionImageMedia', summary: 'Get the media of an image of a session' })
  async getMedia(
    @Param('sessionId') sessionId: string,
    @Param('imageId') imageId: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { content } = await this.find(sessionId, imageId);
    const { workspace } = principalOf(request);
    await this.contents.send(request, reply, { area: 'modality', workspace, ...content });
  }

  private find(sessionId: string, imageId: string): Promise<ModalityImage> {
    const key = { sessionId: modalityIdOf(sessionId), imageId: modalityIdOf(imageId) };
    return this.bus.call(modalityContracts.getImage, key);
  }

  private answer(request: FastifyRequest, image: ModalityImage) {
    return toSessionImage(image, this.origin.of(request));
  }
}
