import type { ModalityReference, RadiographInfo } from '@pentaprism/contracts';
import { notFound } from '@pentaprism/database';
import { DomainError } from '@pentaprism/domain';
import { dsioImageInfo } from '@pentaprism/dsio';
import { z } from 'zod';
import type { ModalitySessions } from '../modality-sessions.js';
import { DsioClient } from './dsio-client.js';
import type { DsioSettings } from './dsio-settings.js';

/** What is no more. */
const GONE: readonly number[] = [404, 410];
/** What cannot be found: also what the device does not take for an id. */
const UNKNOWN: readonly number[] = [400, ...GONE];

const anyObject = z.looseObject({});

/** The sessions of a device that has the vendor's DSIO Modality API. They are the same for every workspace. */
export class DsioModality implements ModalitySessions {
  readonly #client: DsioClient;

  constructor(settings: DsioSettings) {
    this.#client = new DsioClient(settings);
  }

  async isActive(_workspace: string, sessionId: string): Promise<boolean> {
    return this.#isThere(pathOf(sessionId));
  }

  /** Both are asked for: an image that is served for a while after the end of its session has ended with it. */
  async hasImage(_workspace: string, { sessionId, imageId }: ModalityReference): Promise<boolean> {
    return (await this.#isThere(pathOf(sessionId))) && (await this.#isThere(pathOf(sessionId, imageId)));
  }

  async find(_workspace: string, { sessionId, imageId }: ModalityReference): Promise<RadiographInfo> {
    const path = pathOf(sessionId, imageId);
    if (path === null) throw unknownImage();
    const { status, body } = await this.#client.json(path);
    requireFound(status);
    const info = dsioImageInfo.safeParse(body);
    if (info.success) return info.data;
    const options = { cause: info.error };
    throw new DomainError('UPSTREAM_FAILED', 'The modality describes its image in a way unknown here.', {}, options);
  }

  async *open(_workspace: string, { sessionId, imageId }: ModalityReference): AsyncGenerator<Uint8Array, void> {
    const path = pathOf(sessionId, imageId);
    if (path === null) throw unknownImage();
    yield* this.#client.media(`${path}/media`, requireFound);
  }

  async #isThere(path: string | null): Promise<boolean> {
    if (path === null) return false;
    const { status, body } = await this.#client.json(path);
    if (GONE.includes(status)) return false;
    requireSuccess(status);
    if (anyObject.safeParse(body).success) return true;
    throw new DomainError('UPSTREAM_FAILED', 'The modality answered something that is no session and no image.');
  }
}

/** Null for what cannot be a part of a path, and so is the name of nothing. */
function pathOf(sessionId: string, imageId?: string): string | null {
  const ids = imageId === undefined ? [sessionId] : [sessionId, imageId];
  if (ids.some((id) => id === '' || id === '.' || id === '..' || !id.isWellFormed())) return null;
  const [session, image] = ids.map(encodeURIComponent);
  return `/acquisition/${session}${image === undefined ? '' : `/images/${image}`}`;
}

function requireFound(status: number): void {
  if (UNKNOWN.includes(status)) throw unknownImage();
  requireSuccess(status);
}

function requireSuccess(status: number): void {
  if (status === 200) return;
  const why =
    status === 401 || status === 403
      ? 'does not accept the credentials that are configured for it'
      : `answered with status ${status}`;
  throw new DomainError('UPSTREAM_FAILED', `The modality ${why}.`);
}

function unknownImage(): DomainError {
  return notFound('session of the modality, or no such image in it');
}
