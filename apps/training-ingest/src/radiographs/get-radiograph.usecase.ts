import { Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { radiographContracts, type Radiograph } from '@pentaprism/contracts';
import { notFound } from '@pentaprism/database';
import { LRUCache } from 'lru-cache';
import { ActiveImages } from '../sessions/active-images.js';
import { WATCH_MS } from '../sessions/watch-sessions.usecase.js';

const REMEMBERED_ABSENCES = 10_000;

/** A radiograph is there as long as its time is not over and, if it is of a session, the session is active. */
@Injectable()
export class GetRadiograph {
  /** Since when images have not been there: as with the watch, one answer is not enough to remove anything. */
  private readonly absentSince = new LRUCache<string, number>({ max: REMEMBERED_ABSENCES });

  constructor(
    private readonly bus: Bus,
    private readonly images: ActiveImages,
  ) {}

  /** @throws DomainError NOT_FOUND; UPSTREAM_FAILED, DEADLINE_EXCEEDED when the modality does not say */
  async get(workspace: string, key: string, now = performance.now()): Promise<Radiograph> {
    const radiograph = await this.bus.call(radiographContracts.get, { key });
    if (radiograph.session === null || (await this.images.has(workspace, radiograph.session))) {
      this.absentSince.delete(key);
      return radiograph;
    }
    const since = this.absentSince.get(key);
    if (since === undefined) this.absentSince.set(key, now);
    // Its session goes on, or the watch would remove it: its image alone is gone.
    else if (now - since >= WATCH_MS) await this.bus.call(radiographContracts.delete, { key }).catch(() => undefined);
    throw notFound('radiograph');
  }
}
