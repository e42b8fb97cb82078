import { Inject, Injectable } from '@nestjs/common';
import { DomainError } from '@pentaprism/domain';
import type { FastifyRequest } from 'fastify';
import { GATEWAY_CONFIG, LOOPBACK, type GatewayConfig } from '../config.js';

type Settings = Pick<GatewayConfig, 'HOST' | 'PUBLIC_URL' | 'ALLOWED_HOSTS' | 'CORS_ORIGINS'>;

const LOCAL_ADDRESS = /^(?:(?:::ffff:)?127\.\d+\.\d+\.\d+|::1)$/i;
/** They stand for every address, and are the name of none. */
const WILDCARDS = ['0.0.0.0', '::', '[::]'];

/** They change nothing. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Protects from web pages of other origins. A browser sends cached Basic credentials with the forms of any page. It also protects
 * a gateway on a loopback address, while dialects are open there. A page can let its own name
 * point to 127.0.0.1 (DNS rebinding) and then reads answers as its own: the Host header still has that name.
 */
@Injectable()
export class OpenAccess {
  private readonly names: ReadonlySet<string>;
  private readonly origins: ReadonlySet<string>;
  private readonly publicOrigin: string | undefined;

  constructor(@Inject(GATEWAY_CONFIG) { HOST, PUBLIC_URL, ALLOWED_HOSTS, CORS_ORIGINS }: Settings) {
    const own = [HOST, ...(PUBLIC_URL === undefined ? [] : [new URL(PUBLIC_URL).hostname])];
    const names = [...own.filter((name) => !WILDCARDS.includes(name)), ...ALLOWED_HOSTS];
    this.names = new Set(names.map((name) => name.toLowerCase()));
    this.origins = new Set(CORS_ORIGINS);
    this.publicOrigin = PUBLIC_URL === undefined ? undefined : new URL(PUBLIC_URL).origin;
  }

  /**
   * Checks a request with Basic credentials, which a browser may have sent without its page's doing.
   * @throws DomainError PERMISSION_DENIED for a change that a page of a foreign origin requests
   */
  checkBasic(request: FastifyRequest): void {
    const { origin } = request.headers;
    // The frontend of TensorBoard posts to paths that do not exist, and expects 404.
    if (origin === undefined || SAFE_METHODS.has(request.method) || request.is404) return;
    if (this.origins.has(origin) || origin === this.publicOrigin) return;
    const hosts = [request.host, request.raw.headers.host];
    if (/^https?:\/\//.test(origin) && hosts.includes(origin.replace(/^https?:\/\//, ''))) return;
    throw new DomainError(
      'PERMISSION_DENIED',
      'With HTTP Basic, pages of other origins change nothing. Send the key in a header of its own, or add the origin to CORS_ORIGINS.',
    );
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
