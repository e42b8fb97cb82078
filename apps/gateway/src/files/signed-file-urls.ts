import { signUrl } from '@pentaprism/blob-store';
import type { Image } from '@pentaprism/contracts';
import { FileUrls, type PublicOrigin } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import type { GatewayConfig } from '../config.js';

/** Signed URLs of this gateway's own `/files`. */
export class SignedFileUrls extends FileUrls {
  constructor(
    private readonly publicOrigin: PublicOrigin,
    private readonly config: Pick<GatewayConfig, 'SIGNED_URL_TTL' | 'SIGNING_SECRETS'>,
  ) {
    super();
  }

  async sign(request: FastifyRequest, method: 'GET' | 'PUT', workspace: string, { id }: Image): Promise<string> {
    const expiresAt = Math.floor(Date.now() / 1000) + this.config.SIGNED_URL_TTL;
    const origin = this.publicOrigin.of(request);
    return signUrl({ origin, method, workspace, area: 'originals', id, expiresAt }, this.config.SIGNING_SECRETS);
  }
}
