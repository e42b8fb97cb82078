import type { DirectTransfers } from '@pentaprism/blob-store';
import { DomainError, UNKNOWN_MEDIA_TYPE, systemNow } from '@pentaprism/domain';
import { dispositionOf, FileUrls, nameInArea, type SignedContent, type SignedImage } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config.js';

/** URLs of the storage's own: the bytes go past this gateway. */
export class PresignedFileUrls extends FileUrls {
  constructor(
    private readonly storage: DirectTransfers,
    private readonly config: Pick<GatewayConfig, 'SIGNED_URL_TTL'>,
  ) {
    super();
  }

  async sign(_request: FastifyRequest, method: 'GET' | 'PUT', workspace: string, image: SignedImage): Promise<string> {
    const { sha256, mediaType = UNKNOWN_MEDIA_TYPE, fileName, expiresAt = Infinity } = image;
    const expiresIn = this.secondsLeft(expiresAt);
    if (method === 'PUT') return this.storage.uploadUrl(workspace, image.id, { expiresIn });
    if (sha256 === null) throw new DomainError('NOT_FOUND', 'The image has no file yet.');
    const disposition = dispositionOf(mediaType, fileName);
    return this.storage.downloadUrl({ area: 'originals', workspace, sha256 }, { expiresIn, mediaType, disposition });
  }

  async signContent(_request: FastifyRequest, content: SignedContent): Promise<string> {
    const { area, workspace, sha256, mediaType, expiresAt } = content;
    const expiresIn = this.secondsLeft(expiresAt);
    const disposition = dispositionOf(mediaType, nameInArea(area));
    return this.storage.downloadUrl({ area, workspace, sha256 }, { expiresIn, mediaType, disposition });
  }

  /** The storage serves these URLs without this system, so they must not outlive the image. */
  private secondsLeft(expiresAt = Infinity): number {
    const left = Math.max(1, Math.floor((expiresAt - systemNow()) / 1000));
    return Math.min(this.config.SIGNED_URL_TTL, left);
  }
}
