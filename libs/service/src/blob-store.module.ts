import { Global, Inject, Module, type DynamicModule, type OnApplicationShutdown } from '@nestjs/common';
import { openBlobStore, type BlobStore, type OnDamage, type OpenBlobStoreOptions } from '@pentaprism/blob-store';
import { LOGGER, metrics, type Logger } from '@pentaprism/observability';

/** Nest's token for the `BlobStore`. */
export const BLOB_STORE = Symbol('BlobStore');

/** What an app's configuration says about its blob store: the `blobVariables`. */
export interface BlobStoreConfig {
  readonly BLOB_URL: string;
  readonly BLOB_MIN_FREE?: number | undefined;
  readonly BLOB_PUBLIC_URL?: string | undefined;
  readonly AWS_ENDPOINT_URL_S3?: string | undefined;
  readonly AWS_ENDPOINT_URL?: string | undefined;
  readonly AWS_REGION?: string | undefined;
  readonly AWS_DEFAULT_REGION?: string | undefined;
}

/** Gives an app the blob store of its BLOB_URL. */
@Global()
@Module({})
export class BlobStoreModule implements OnApplicationShutdown {
  constructor(@Inject(BLOB_STORE) private readonly blobs: BlobStore) {}

  static forConfig(config: BlobStoreConfig, options: OpenBlobStoreOptions = {}): DynamicModule {
    const s3 = {
      endpoint: config.AWS_ENDPOINT_URL_S3 ?? config.AWS_ENDPOINT_URL,
      publicUrl: config.BLOB_PUBLIC_URL,
      region: config.AWS_REGION ?? config.AWS_DEFAULT_REGION,
    };
    return {
      module: BlobStoreModule,
      providers: [
        {
          provide: BLOB_STORE,
          inject: [LOGGER],
          useFactory: (logger: Logger) =>
            openBlobStore(config.BLOB_URL, {
              ...options,
              s3,
              ...(config.BLOB_MIN_FREE === undefined ? {} : { minFreeBytes: config.BLOB_MIN_FREE }),
              onDamage: reportDamage(logger),
            }),
        },
      ],
      exports: [BLOB_STORE],
    };
  }

  /** After everything that may still use it has been stopped. */
  async onApplicationShutdown(): Promise<void> {
    await this.blobs.close?.();
  }
}

/** Logs and counts damaged blobs. */
function reportDamage(logger: Logger): OnDamage {
  return ({ key, fault, repaired }) => {
    metrics.blobsDamaged.inc({ area: key.area, fault, outcome: repaired ? 'repaired' : 'refused' });
    logger.error({ ...key, fault, repaired }, 'blobs: stored bytes are damaged');
  };
}
