import { Inject, Injectable } from '@nestjs/common';
import type { BlobStore } from '@pentaprism/blob-store';
import type { ModalityImage, ModalityReference, ModalitySession, RadiographInfo } from '@pentaprism/contracts';
import { notFound, Transactions } from '@pentaprism/database';
import {
  DomainError,
  MAX_IMAGES_PER_MODALITY_SESSION,
  MAX_MODALITY_SESSIONS_PER_WORKSPACE,
  systemNow,
} from '@pentaprism/domain';
import { BLOB_STORE } from '@pentaprism/service';
import type { ClientSession } from 'mongoose';
import { randomUUID } from 'node:crypto';
import { ModalityImageRepository } from './modality-image.repository.js';
import { toModalityImage, type ModalityImageDocument } from './modality-image.schema.js';
import { ModalitySessionRepository } from './modality-session.repository.js';
import { toModalitySession, type ModalitySessionDocument } from './modality-session.schema.js';
import type { ModalitySessions } from './modality-sessions.js';

/** Where the bytes of images are that are kept here. */
export const MODALITY_AREA = 'modality';

type NewImage = Pick<ModalityImage, 'content' | 'info'>;

/**
 * Sessions that are kept here, for installations without a device. An expired session is unknown at that millisecond;
 * the sweeper removes its records later.
 */
@Injectable()
export class StoredSessions implements ModalitySessions {
  /** Milliseconds since 1970; tests set another clock. */
  now: () => number = systemNow;

  constructor(
    private readonly sessions: ModalitySessionRepository,
    private readonly images: ModalityImageRepository,
    private readonly transactions: Transactions,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
  ) {}

  /**
   * @param timeToLive seconds
   * @throws DomainError RATE_LIMITED; instances that make some at the same moment may go beyond the limit by one each
   */
  create(workspace: string, timeToLive: number): Promise<ModalitySession> {
    return this.inTurn(workspace, '', async (session) => {
      const createdAt = new Date(this.now());
      const limit = MAX_MODALITY_SESSIONS_PER_WORKSPACE;
      if ((await this.sessions.count(workspace, createdAt, session)) >= limit) {
        throw new DomainError('RATE_LIMITED', `There are ${limit} sessions already: end some of them first.`, {
          limit,
        });
      }
      const expiresAt = new Date(createdAt.getTime() + timeToLive * 1000);
      return toModalitySession(
        await this.sessions.create(workspace, { _id: randomUUID(), createdAt, expiresAt }, session),
      );
    });
  }

  /** @throws DomainError NOT_FOUND */
  async get(workspace: string, sessionId: string): Promise<ModalitySession> {
    const found = await this.sessions.find(workspace, sessionId, new Date(this.now()));
    if (!found) throw notFound('session');
    return toModalitySession(found);
  }

  /** With its images. @throws DomainError NOT_FOUND */
  end(workspace: string, sessionId: string): Promise<void> {
    return this.inTurn(workspace, sessionId, async (session) => {
      const found = await this.sessions.find(workspace, sessionId, new Date(this.now()), session);
      if (!found) throw notFound('session');
      await this.removeWithImages(found, session);
    });
  }

  /** Removes sessions that have expired, of all workspaces. @returns how many; as many as `limit` if there may be more */
  async removeExpired(now: number, limit: number): Promise<number> {
    const expired = await this.sessions.expired(new Date(now), limit);
    for (const each of expired)
      await this.inTurn(each.workspace, each._id, (session) => this.removeWithImages(each, session));
    return expired.length;
  }

  /** Which of these hashes images refer to. */
  known(workspace: string, hashes: readonly string[]): Promise<Set<string>> {
    return this.images.known(workspace, hashes);
  }

  /**
   * Both this and the end of a session write the session's document: of two at the same time one waits, or runs again
   * and finds what the other one did. So no image is left in a session that has ended.
   *
   * @throws DomainError NOT_FOUND, RATE_LIMITED
   */
  addImage(workspace: string, sessionId: string, image: NewImage): Promise<ModalityImage> {
    return this.inTurn(workspace, sessionId, async (session) => {
      const createdAt = new Date(this.now());
      const position = await this.sessions.countImage(workspace, sessionId, createdAt, session);
      if (position === null) throw notFound('session');
      const limit = MAX_IMAGES_PER_MODALITY_SESSION;
      if (position > limit) {
        throw new DomainError('RATE_LIMITED', `The session has ${limit} images: end it, and begin another one.`, {
          limit,
        });
      }
      const { content, info } = image;
      const fields = { _id: randomUUID(), session: sessionId, position, content, info, createdAt };
      return toModalityImage(await this.images.add(workspace, fields, session));
    });
  }

  /** In the order in which they were taken. @throws DomainError NOT_FOUND */
  async listImages(workspace: string, sessionId: string): Promise<ModalityImage[]> {
    await this.get(workspace, sessionId);
    return (await this.images.list(workspace, sessionId)).map(toModalityImage);
  }

  /** @throws DomainError NOT_FOUND */
  async getImage(workspace: string, reference: ModalityReference): Promise<ModalityImage> {
    const found = await this.lookUp(workspace, reference);
    if (!found) throw notFound('session, or no such image in it');
    return toModalityImage(found);
  }

  async isActive(workspace: string, sessionId: string): Promise<boolean> {
    return (await this.sessions.find(workspace, sessionId, new Date(this.now()))) !== null;
  }

  async hasImage(workspace: string, reference: ModalityReference): Promise<boolean> {
    return (await this.lookUp(workspace, reference)) !== null;
  }

  async find(workspace: string, reference: ModalityReference): Promise<RadiographInfo> {
    return (await this.getImage(workspace, reference)).info;
  }

  async *open(workspace: string, reference: ModalityReference): AsyncGenerator<Uint8Array, void> {
    const { content } = await this.getImage(workspace, reference);
    yield* await this.blobs.open({ area: MODALITY_AREA, workspace, sha256: content.sha256 });
  }

  private async lookUp(
    workspace: string,
    { sessionId, imageId }: ModalityReference,
  ): Promise<ModalityImageDocument | null> {
    if (!(await this.isActive(workspace, sessionId))) return null;
    return this.images.find(workspace, sessionId, imageId);
  }

  private async removeWithImages({ workspace, _id }: ModalitySessionDocument, session: ClientSession): Promise<void> {
    await this.sessions.remove(workspace, _id, session);
    await this.images.removeOfSession(workspace, _id, session);
  }

  private inTurn<T>(workspace: string, sessionId: string, work: (session: ClientSession) => Promise<T>): Promise<T> {
    return this.transactions.runInTurn([`${workspace}/${sessionId}`], work);
  }
}
