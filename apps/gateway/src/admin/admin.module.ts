import { Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { KeysController } from './keys.controller.js';
import { MetricsController } from './metrics.controller.js';

@Module({ controllers: [HealthController, KeysController, MetricsController] })
export class AdminModule {}
