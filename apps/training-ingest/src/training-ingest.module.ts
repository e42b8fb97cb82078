import { Module } from '@nestjs/common';
import { IngestController } from './rpc/ingest.controller.js';
import { ReceiveImage } from './usecases/receive-image.usecase.js';

@Module({ controllers: [IngestController], providers: [ReceiveImage] })
export class TrainingIngestModule {}
