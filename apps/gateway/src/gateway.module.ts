import { Global, Module, type DynamicModule } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { BusModule, type BusConnection } from '@pentaprism/bus';
import { WebFiles } from '@pentaprism/dialect-tensorboard';
import { Contents, FileUrls, JobWaiter, PublicOrigin, UploadLimits } from '@pentaprism/http';
import { LOGGER, type Logger } from '@pentaprism/observability';
import { BLOB_STORE, BlobStoreModule, SystemClock } from '@pentaprism/service';
import { GATEWAY_CONFIG, type GatewayConfig } from './config.js';
import { DIALECTS } from './dialects.js';
import { BlobContents } from './files/blob-contents.js';
import { ImageContents } from './files/image-contents.js';
import { PresignedFileUrls } from './files/presigned-file-urls.js';
import { SignedFileUrls } from './files/signed-file-urls.js';
import { AuthFailures } from './http/auth-failures.js';
import { Authentication } from './http/authentication.js';
import { Drain } from './http/drain.js';
import { OpenAccess } from './http/open-access.js';
import { RateLimits } from './http/rate-limits.js';
import { RecordSpace } from './http/record-space.js';
import { BusJobWaiter } from './jobs/bus-job-waiter.js';

@Global()
@Module({})
export class GatewayModule {
  static register(config: GatewayConfig, connection: BusConnection, logger: Logger): DynamicModule {
    return {
      module: GatewayModule,
      imports: [
        BusModule.forConnection(connection),
        BlobStoreModule.forConfig(config),
        ...DIALECTS.map((dialect) => dialect.module),
      ],
      providers: [
        { provide: GATEWAY_CONFIG, useValue: config },
        { provide: LOGGER, useValue: logger },
        { provide: PublicOrigin, useValue: new PublicOrigin(config.PUBLIC_URL) },
        { provide: UploadLimits, useValue: new UploadLimits(config.MAX_DATASET_BYTES) },
        {
          provide: WebFiles,
          useValue: new WebFiles(config.TENSORBOARD_WEBFILES, (problem) => logger.warn(problem)),
        },
        { provide: Contents, useClass: BlobContents },
        {
          provide: FileUrls,
          inject: [BLOB_STORE, PublicOrigin],
          useFactory: ({ direct }: BlobStore, origin: PublicOrigin) =>
            direct ? new PresignedFileUrls(direct, config) : new SignedFileUrls(origin, config),
        },
        { provide: JobWaiter, useClass: BusJobWaiter },
        Authentication,
        AuthFailures,
        OpenAccess,
        Drain,
        ImageContents,
        RateLimits,
        SystemClock,
        { provide: RecordSpace, useValue: new RecordSpace(config) },
      ],
      exports: [
        ...[Contents, FileUrls, JobWaiter, PublicOrigin, UploadLimits, WebFiles],
        ...[Drain, GATEWAY_CONFIG, LOGGER, RecordSpace, SystemClock],
      ],
    };
  }
}
