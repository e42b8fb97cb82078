import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import { GATEWAY_CONFIG, LOOPBACK, type GatewayConfig } from '../config.js';

type Settings = Pick<GatewayConfig, 'HOST' | 'PUBLIC_URL' | 'ALLOWED_HOSTS' | 'CORS_ORIGINS'>;

const LOCAL_ADDRESS = /^(?:(?:::ffff:)?127\.\d+\.\d+\.\d+|::1)$/i;
/** They stand for every address, and are the name of none. */
const WILDCARDS = ['0.0.0.0', '::', '[::]'];

/**
 * Protects a gateway on a loopback address from web pages, while dialects are open there. A page can let its own name
 * point to 127.0.0.1 (DNS rebinding) and then reads answers as its own: the Host header still has that name.
 */
@Injectable()
export class OpenAccess {
  private readonly names: ReadonlySet<string>;
  private readonly origins: ReadonlySet<string>;

  constructor(@Inject(GATEWAY_CONFIG) { HOST, PUBLIC_URL, ALLOWED_HOSTS, CORS_ORIGINS }: Settings) {
    const own = [HOST, ...(PUBLIC_URL === undefined ? [] : [new URL(PUBLIC_URL).hostname])];
    const names = [...own.filter((name) => !WILDCARDS.includes(name)), ...ALLOWED_HOSTS];
    this.names = new Set(names.map((name) => name.toLowerCase()));
    this.origins = new Set(CORS_ORIGINS);
  }

  /**
   * Checks a request without a key.
   * @throws DomainError PERMISSION_DENIED for a foreign Host or Origin on a loopback address
   */
  check(request: FastifyRequest): void {
    const { localAddress } = request.socket;
    if (localAddress !== undefined && !LOCAL_ADDRESS.test(localAddress)) return;
    // The header itself too: a page can send X-Forwarded-Host.
    for (const host of [request.host, request.raw.headers.host ?? '']) {
      if (this.isOwn(host)) continue;
      throw new DomainError(
        'PERMISSION_DENIED',
        'Without a key, this address answers to its own host names only. Send a key, or add the host to ALLOWED_HOSTS.',
      );
    }
    const { origin } = request.headers;
    if (origin === undefined || this.origins.has(origin) || this.isOwn(origin.replace(/^https?:\/\//, ''))) return;
    throw new DomainError('PERMISSION_DENIED', 'Without a key, pages of other origins are not answered.');
  }

  /** @param host with or without a port */
  private isOwn(host: string): boolean {
    const name = host.replace(/:\d+$/, '').replace(/\.$/, '').toLowerCase();
    return LOOPBACK.test(name) || this.names.has(name);
  }
}
