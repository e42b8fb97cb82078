import { Inject, Injectable } from '@nestjs/common';
import { signUrl } from '@pentaprism/blob-store';
import { FileUrls, originOf } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.js';

/** Signed URLs of this gateway's own `/files`. */
@Injectable()
export class SignedFileUrls extends FileUrls {
  constructor(@Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig) {
    super();
  }

  sign(request: FastifyRequest, method: 'GET' | 'PUT', workspace: string, imageId: string): string {
    const expiresAt = Math.floor(Date.now() / 1000) + this.config.SIGNED_URL_TTL;
    const origin = this.config.PUBLIC_URL ?? originOf(request);
    return signUrl(
      { origin, method, workspace, area: 'originals', id: imageId, expiresAt },
      this.config.SIGNING_SECRETS,
    );
  }
}
