import { Injectable } from '@nestjs/common';
import type { KnownSession, Radiograph } from '@pentaprism/contracts';
import { RadiographRepository, toRadiograph } from './radiograph.repository.js';

@Injectable()
export class FindRadiographs {
  constructor(private readonly radiographs: RadiographRepository) {}

  /** @throws DomainError NOT_FOUND, also for one that has expired */
  async get(workspace: string, key: string): Promise<Radiograph> {
    return toRadiograph(await this.radiographs.get(workspace, key));
  }

  async listSessions(page: { limit: number; after: KnownSession | null }) {
    return { sessions: await this.radiographs.listSessions(page) };
  }
}
