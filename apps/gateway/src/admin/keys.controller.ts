import { Body, Controller, Delete, Get, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus } from '@pentaprism/bus';
import { apiKeyContracts, type ApiKey } from '@pentaprism/contracts';
import { isWorkspaceName, ROLES } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { setAuditTarget } from '../http/audit-target.js';
import { OwnerOnly } from './route-access.js';

const newKey = z
  .strictObject({
    name: z.string().min(1).max(100),
    role: z.enum(ROLES),
    workspace: z.string().refine(isWorkspaceName, 'must be lower-case letters, digits and inner hyphens').optional(),
  })
  .meta({ id: 'NewApiKey' });

@ApiTags('keys')
@ApiBearerAuth()
@Controller('keys')
export class KeysController {
  constructor(private readonly bus: Bus) {}

  @OwnerOnly('key.create')
  @Post()
  @ApiOperation({ summary: 'Make an API key. Only this answer has its secret.' })
  async create(@Body({ schema: newKey }) body: z.output<typeof newKey>, @Req() request: FastifyRequest) {
    const { secret, ...key } = await this.bus.call(apiKeyContracts.create, body);
    setAuditTarget(request, { id: key.id, name: key.name, role: key.role, workspace: key.workspace });
    // What clients send: one string that holds both.
    return { ...shown(key), secret, key: `${key.id}.${secret}` };
  }

  @OwnerOnly()
  @Get()
  @ApiOperation({ summary: 'List the API keys of the workspace, oldest first, without their secrets' })
  async list() {
    const { keys } = await this.bus.call(apiKeyContracts.list, {});
    return { keys: keys.map(shown) };
  }

  @OwnerOnly('key.revoke')
  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({ summary: 'Revoke a key. Takes effect within five seconds' })
  async revoke(@Param('id') id: string): Promise<void> {
    await this.bus.call(apiKeyContracts.revoke, { id: id.slice(0, 100) });
  }
}

function shown({ createdAt, ...key }: ApiKey) {
  return { ...key, createdAt: new Date(createdAt).toISOString() };
}
