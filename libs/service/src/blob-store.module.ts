import { Global, Module, type DynamicModule } from '@nestjs/common';
import { openBlobStore, type OpenBlobStoreOptions } from '@pentaprism/blob-store';

/** Nest's token for the `BlobStore`. */
export const BLOB_STORE = Symbol('BlobStore');

/** Gives an app the blob store of its BLOB_URL. */
@Global()
@Module({})
export class BlobStoreModule {
  static forUrl(url: string, options: OpenBlobStoreOptions = {}): DynamicModule {
    return {
      module: BlobStoreModule,
      providers: [{ provide: BLOB_STORE, useFactory: () => openBlobStore(url, options) }],
      exports: [BLOB_STORE],
    };
  }
}
