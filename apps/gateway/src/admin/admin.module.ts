import { Module } from '@nestjs/common';
import { HealthController } from './health.controller.js';
import { KeysController } from './keys.controller.js';
import { MetricsController } from './metrics.controller.js';
import { RootController } from './root.controller.js';

@Module({ controllers: [HealthController, KeysController, MetricsController, RootController] })
export class AdminModule {}
