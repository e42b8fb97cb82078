import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import {
  radiographContracts,
  type ContentReference,
  type ModalityReference,
  type Radiograph,
  type RadiographInfo,
} from '@pentaprism/contracts';
import { notFound } from '@pentaprism/database';
import { DomainError, MAX_RADIOGRAPH_BYTES, type ErrorCode } from '@pentaprism/domain';
import { checkRadiograph } from '@pentaprism/png';
import { BLOB_STORE } from '@pentaprism/service';
import { TRAINING_INGEST_CONFIG, type TrainingIngestConfig } from '../config/config.js';
import { MODALITY_SESSIONS, type ModalitySessions } from '../sessions/modality-sessions.js';

/** What a client could have done wrong with a file of its own, and a modality with one of its. */
const BROKEN: ReadonlySet<ErrorCode> = new Set(['INVALID_ARGUMENT', 'PAYLOAD_TOO_LARGE']);

/** The way of a radiograph into the system: from a client, or copied from a session of a modality. */
@Injectable()
export class AddRadiograph {
  constructor(
    private readonly bus: Bus,
    @Inject(MODALITY_SESSIONS) private readonly sessions: ModalitySessions,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    @Inject(TRAINING_INGEST_CONFIG) private readonly config: TrainingIngestConfig,
  ) {}

  add(source: ContentReference, info: RadiographInfo): Promise<Radiograph> {
    return this.record(source, info, null);
  }

  /** @throws DomainError NOT_FOUND, UPSTREAM_FAILED, DEADLINE_EXCEEDED, UNSUPPORTED_MEDIA_TYPE, STORAGE_FULL */
  async addFromModality(workspace: string, session: ModalityReference): Promise<Radiograph> {
    const info = await this.sessions.find(workspace, session);
    const source = await this.copy(workspace, session);
    return this.record(source, info, session);
  }

  private async copy(workspace: string, session: ModalityReference): Promise<ContentReference> {
    try {
      const limits = { maxBytes: MAX_RADIOGRAPH_BYTES, allowEmpty: false };
      const { sha256, size } = await this.blobs.put('originals', workspace, this.media(workspace, session), limits);
      return { sha256, size, mediaType: 'image/png' };
    } catch (error) {
      if (!DomainError.is(error) || !BROKEN.has(error.code)) throw error;
      const message = `The modality's image cannot be used. ${error.message}`;
      throw new DomainError('UPSTREAM_FAILED', message, error.details, { cause: error });
    }
  }

  /**
   * The session may have ended while its image was copied: bytes whose source fails at their end are not kept. What ends
   * after this look has a record a moment later, and then `GetRadiograph` and `WatchSessions` find its end as that of any
   * other.
   */
  private async *media(workspace: string, session: ModalityReference): AsyncGenerator<Uint8Array> {
    yield* checkRadiograph(this.sessions.open(workspace, session));
    if (!(await this.sessions.hasImage(workspace, session))) {
      throw notFound('session of the modality any more, or no such image in it');
    }
  }

  private record(
    source: ContentReference,
    info: RadiographInfo,
    session: ModalityReference | null,
  ): Promise<Radiograph> {
    const request = { source, info, session, timeToLive: this.config.FILTERS_TTL };
    return this.bus.call(radiographContracts.create, request);
  }
}
