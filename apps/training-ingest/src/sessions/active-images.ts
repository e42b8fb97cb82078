import { Inject, Injectable } from '@nestjs/common';
import type { ModalityReference } from '@pentaprism/contracts';
import { LRUCache } from 'lru-cache';
import { MODALITY_SESSIONS, type ModalitySessions } from './modality-sessions.js';

/** Milliseconds that an image which was there counts as being there: so much later at most its end is noticed. */
export const ACTIVE_MS = 5_000;
const KEPT_IMAGES = 10_000;

/**
 * Whether images of modalities are still there, asked once for all who want to know at the same time. Only a yes is
 * remembered: what is over is removed, and what failed may be there the next time.
 */
@Injectable()
export class ActiveImages {
  /** Milliseconds of a clock that only goes forward; tests set another one. */
  now: () => number = () => performance.now();

  /** When the question was asked: the answer may have taken a while. */
  private readonly askedAt = new LRUCache<string, number>({ max: KEPT_IMAGES });
  private readonly asking = new Map<string, Promise<boolean>>();

  constructor(@Inject(MODALITY_SESSIONS) private readonly sessions: ModalitySessions) {}

  /** @throws DomainError UPSTREAM_FAILED, DEADLINE_EXCEEDED */
  has(workspace: string, image: ModalityReference): Promise<boolean> {
    const key = JSON.stringify([workspace, image.sessionId, image.imageId]);
    const askedAt = this.askedAt.get(key);
    if (askedAt !== undefined && this.now() - askedAt < ACTIVE_MS) return Promise.resolve(true);
    const asking = this.asking.get(key) ?? this.ask(key, workspace, image).finally(() => this.asking.delete(key));
    this.asking.set(key, asking);
    return asking;
  }

  private async ask(key: string, workspace: string, image: ModalityReference): Promise<boolean> {
    const now = this.now();
    const active = await this.sessions.hasImage(workspace, image);
    if (active) this.askedAt.set(key, now);
    return active;
  }
}
