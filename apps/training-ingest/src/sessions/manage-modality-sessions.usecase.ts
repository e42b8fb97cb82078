import { Inject, Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import {
  radiographContracts,
  type ModalityImage,
  type ModalityReference,
  type ModalitySession,
  type ParsedRequestOf,
  type modalityContracts,
} from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { TRAINING_INGEST_CONFIG, type TrainingIngestConfig } from '../config/config.js';
import { StoredSessions } from './stored-sessions.js';
import { SweepModality } from './sweep-modality.usecase.js';

/** The sessions that are kept here. FAILED_PRECONDITION of everything where a device is asked for them instead. */
@Injectable()
export class ManageModalitySessions {
  constructor(
    private readonly stored: StoredSessions,
    private readonly sweep: SweepModality,
    private readonly bus: Bus,
    @Inject(TRAINING_INGEST_CONFIG) private readonly config: TrainingIngestConfig,
  ) {}

  async create(workspace: string): Promise<ModalitySession> {
    return this.kept().create(workspace, this.config.FILTERS_TTL);
  }

  async get(workspace: string, sessionId: string): Promise<ModalitySession> {
    return this.kept().get(workspace, sessionId);
  }

  /**
   * First here, then in the catalog: if this process dies in between, the watch finds the session gone, and ends it in
   * the catalog as well.
   */
  async end(workspace: string, sessionId: string): Promise<Record<string, never>> {
    await this.kept().end(workspace, sessionId);
    this.sweep.sessionEnded();
    await this.bus.call(radiographContracts.endSession, { sessionId });
    return {};
  }

  async addImage(
    workspace: string,
    { sessionId, ...image }: ParsedRequestOf<typeof modalityContracts.addImage>,
  ): Promise<ModalityImage> {
    return this.kept().addImage(workspace, sessionId, image);
  }

  async listImages(workspace: string, sessionId: string): Promise<{ images: ModalityImage[] }> {
    return { images: await this.kept().listImages(workspace, sessionId) };
  }

  async getImage(workspace: string, image: ModalityReference): Promise<ModalityImage> {
    return this.kept().getImage(workspace, image);
  }

  private kept(): StoredSessions {
    if (this.config.MODALITY_API_URL === undefined) return this.stored;
    throw new DomainError(
      'FAILED_PRECONDITION',
      'Sessions are those of the modality that MODALITY_API_URL names; none are kept here.',
    );
  }
}
