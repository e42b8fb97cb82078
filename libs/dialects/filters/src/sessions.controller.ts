import { Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { modalityContracts } from '@pentaprism/contracts';
import { MODALITY_BASE } from './paths.js';
import { modalityIdOf } from './modality-id.js';
import { acquisitionSession, toAcquisitionSession } from './wire/session.js';

/** Acquisition sessions that are kept here, for installations without a device. */
@ApiTags('modality sessions')
@Controller(`${MODALITY_BASE}/acquisition`)
export class SessionsController {
  constructor(private readonly bus: Bus) {}

  /** A body, such as the AcquisitionSessionInfo of the original, is not looked at: there is no device to choose. */
  @Post()
  @ApiOperation({ operationId: 'createAcquisitionSession', summary: 'Begin a session' })
  @ApiCreatedResponse({ standardSchema: acquisitionSession })
  async create() {
    return toAcquisitionSession(await this.bus.call(modalityContracts.createSession, {}));
  }

  @Get(':sessionId')
  @ApiOperation({ operationId: 'getAcquisitionSession', summary: 'Get a session' })
  @ApiOkResponse({ standardSchema: acquisitionSession })
  async get(@Param('sessionId') id: string) {
    return toAcquisitionSession(await this.bus.call(modalityContracts.getSession, { sessionId: modalityIdOf(id) }));
  }

  @Delete(':sessionId')
  @HttpCode(204)
  @ApiOperation({
    operationId: 'deleteAcquisitionSession',
    summary: 'End a session: its images are gone, and the image resources made of them',
  })
  async end(@Param('sessionId') id: string): Promise<void> {
    await this.bus.call(modalityContracts.endSession, { sessionId: modalityIdOf(id) });
  }
}
