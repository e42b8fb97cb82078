import { Controller, Get, Header, Inject, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus, collectMetrics } from '@pentaprism/bus';
import { DomainError } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import { createHash, timingSafeEqual } from 'node:crypto';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.js';
import { credentialsOf } from '../http/credentials.js';
import { WithoutKey } from './route-access.js';
import { SharedText } from './shared-text.js';

/** Milliseconds for which a collection is cached. */
const COLLECTION_MS = 1000;

@ApiTags('metrics')
@Controller('metrics')
export class MetricsController {
  private readonly collection: SharedText;

  constructor(
    bus: Bus,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {
    // A collection asks every process, and the route may need no key.
    this.collection = new SharedText(() => collectMetrics(bus.connection), COLLECTION_MS);
  }

  @WithoutKey()
  @Get()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({ summary: 'Get the metrics of all apps in Prometheus text format' })
  metrics(@Req() request: FastifyRequest): Promise<string> {
    const { METRICS_KEY: key } = this.config;
    if (key !== undefined && !credentialsOf(request.headers).some((sent) => isEqual(sent, key)))
      throw new DomainError('UNAUTHENTICATED', 'The key for metrics is needed.');
    return this.collection.get();
  }
}

/** In constant time. */
function isEqual(one: string, two: string): boolean {
  const [left, right] = [one, two].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
