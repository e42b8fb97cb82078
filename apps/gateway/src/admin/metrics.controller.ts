import { Controller, Get, Header } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { Bus, collectMetrics } from '@pentaprism/bus';
import { WithoutKey } from './route-access.js';

@ApiTags('metrics')
@Controller('metrics')
export class MetricsController {
  constructor(private readonly bus: Bus) {}

  @WithoutKey()
  @Get()
  @Header('Content-Type', 'text/plain; version=0.0.4; charset=utf-8')
  @ApiOperation({ summary: 'Metrics of all apps in Prometheus text format' })
  metrics(): Promise<string> {
    return collectMetrics(this.bus.connection);
  }
}
