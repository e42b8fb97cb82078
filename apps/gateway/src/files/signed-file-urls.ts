import { signUrl } from '@pentaprism/blob-store';
import { systemNow } from '@pentaprism/domain';
import { FileUrls, type PublicOrigin, type SignedContent, type SignedImage } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import type { GatewayConfig } from '../config.js';
import { toContentId } from './content-id.js';
import { steadyExpiry } from './steady-expiry.js';

/** URLs of contents that are kept, some 300 bytes each: a page has 512 of them, and is asked for again. */
const KEPT_URLS = 10_000;

/** Signed URLs of this gateway's own `/files`. */
export class SignedFileUrls extends FileUrls {
  private readonly kept = new LRUCache<string, string>({ max: KEPT_URLS });

  constructor(
    private readonly publicOrigin: PublicOrigin,
    private readonly config: Pick<GatewayConfig, 'SIGNED_URL_TTL' | 'SIGNING_SECRETS'>,
  ) {
    super();
  }

  async sign(request: FastifyRequest, method: 'GET' | 'PUT', workspace: string, { id }: SignedImage): Promise<string> {
    const expiresAt = Math.floor(systemNow() / 1000) + this.config.SIGNED_URL_TTL;
    const origin = this.publicOrigin.of(request);
    return signUrl({ origin, method, workspace, area: 'originals', id, expiresAt }, this.config.SIGNING_SECRETS);
  }

  async signContent(request: FastifyRequest, content: SignedContent): Promise<string> {
    const { area, workspace, expiresAt: end = Infinity } = content;
    const origin = this.publicOrigin.of(request);
    const now = Math.floor(systemNow() / 1000);
    // A URL that has expired already could not even be signed for some.
    const expiresAt = Math.min(steadyExpiry(now, this.config.SIGNED_URL_TTL), Math.max(1, Math.floor(end / 1000)));
    const target = { origin, method: 'GET', workspace, area, id: toContentId(content), expiresAt } as const;
    const key = [origin, workspace, area, target.id, expiresAt].join(' ');
    const kept = this.kept.get(key);
    if (kept !== undefined) return kept;
    const url = signUrl(target, this.config.SIGNING_SECRETS);
    this.kept.set(key, url);
    return url;
  }
}
