import { Body, Controller, Delete, Get, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { RouteConfig } from '@nestjs/platform-fastify';
import { ApiBody, ApiConsumes, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { radiographContracts, radiographIngestContracts, type Radiograph } from '@pentaprism/contracts';
import { Contents, principalOf, PublicOrigin, type BodyConfig } from '@pentaprism/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { MediaUploads, UPLOAD_FORM } from './media-uploads.js';
import { FILTERS_BASE } from './paths.js';
import { imageResource, modalitySessionInput, toImageResource } from './wire/image-resource.js';

@ApiTags('images')
@Controller(`${FILTERS_BASE}/images`)
export class ImagesController {
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
  @ApiOperation({ operationId: 'createImage', summary: 'Create Image Resource' })
  @ApiCreatedResponse({ standardSchema: imageResource })
  async create(@Req() request: FastifyRequest) {
    const upload = await this.uploads.receive(request, 'originals');
    return this.answer(request, await this.bus.call(radiographIngestContracts.add, upload));
  }

  @Post('modality')
  @ApiOperation({ operationId: 'createModalityImage', summary: 'Create Modality Resource' })
  @ApiCreatedResponse({ standardSchema: imageResource })
  async createFromModality(
    @Body({ schema: modalitySessionInput }) session: typeof modalitySessionInput._output,
    @Req() request: FastifyRequest,
  ) {
    return this.answer(request, await this.bus.call(radiographIngestContracts.addFromModality, session));
  }

  @Get(':id')
  @ApiOperation({ operationId: 'getImage', summary: 'Get Image Resource' })
  @ApiOkResponse({ standardSchema: imageResource })
  async get(@Param('id') id: string, @Req() request: FastifyRequest) {
    return this.answer(request, await this.find(id));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ operationId: 'deleteImage', summary: 'Delete Image Resource' })
  async delete(@Param('id') id: string): Promise<void> {
    await this.bus.call(radiographContracts.delete, { key: keyOf(id) });
  }

  @Get(':id/media')
  @ApiOperation({ operationId: 'getImageMedia', summary: 'Get Image Media' })
  async getMedia(@Param('id') id: string, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    const { source, key } = await this.find(id);
    const { workspace } = principalOf(request);
    await this.contents.send(request, reply, { area: 'originals', workspace, ...source }, { fileName: `${key}.png` });
  }

  private find(id: string): Promise<Radiograph> {
    return this.bus.call(radiographIngestContracts.get, { key: keyOf(id) });
  }

  private answer(request: FastifyRequest, radiograph: Radiograph) {
    return toImageResource(radiograph, this.origin.of(request));
  }
}

const MAX_KEY_LENGTH = 100;

/** UUIDs mean the same in capitals; what is too long for one stays unknown when it is cut. */
function keyOf(id: string): string {
  return id.toLowerCase().slice(0, MAX_KEY_LENGTH);
}
