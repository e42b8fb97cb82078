import { Inject, Injectable } from '@nestjs/common';
import { Bus } from '@pentaprism/bus';
import { apiKeyContracts } from '@pentaprism/contracts';
import { DEFAULT_WORKSPACE, DomainError, roleSuffices, type Role } from '@pentaprism/domain';
import { setPrincipal, type Dialect, type Principal } from '@pentaprism/http';
import type { FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { createHash } from 'node:crypto';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config.js';
import { AuthFailures } from './auth-failures.js';
import { credentialsOf, usesBasic } from './credentials.js';
import { OpenAccess } from './open-access.js';
import { RateLimits } from './rate-limits.js';
import { RecordSpace } from './record-space.js';

/** Milliseconds that a verified key is cached: also how long a revoked one still works. */
export const KEY_CACHE_MS = 5000;
const KEY_CACHE_ENTRIES = 10_000;

const ANONYMOUS: Principal = { keyId: null, name: 'anonymous', role: 'editor', workspace: DEFAULT_WORKSPACE };

/** Who makes a request, and whether they may. Runs before a byte of the body is read. */
@Injectable()
export class Authentication {
  /** By hash, so that the keys themselves do not lie in memory. */
  private readonly verified = new LRUCache<string, Principal, string[]>({
    max: KEY_CACHE_ENTRIES,
    ttl: KEY_CACHE_MS,
    fetchMethod: (_hash, _stale, { context }) => this.verify(context),
  });

  constructor(
    private readonly bus: Bus,
    private readonly limits: RateLimits,
    private readonly failures: AuthFailures,
    private readonly open: OpenAccess,
    private readonly records: RecordSpace,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {}

  /**
   * @param required the role that the matched route requires
   * @throws DomainError UNAUTHENTICATED, PERMISSION_DENIED, RATE_LIMITED, STORAGE_FULL while nothing can be recorded,
   *   or UNAVAILABLE while keys cannot be checked
   */
  async authenticate(request: FastifyRequest, dialect: Dialect, required: Role): Promise<void> {
    const principal = await this.identify(request, dialect);
    if (usesBasic(request.headers, dialect)) this.open.checkBasic(request);
    setPrincipal(request, principal);
    await this.limits.countRequest(principal.keyId ?? request.ip);
    if (!roleSuffices(principal.role, required)) {
      throw new DomainError('PERMISSION_DENIED', `This needs a key with the role ${required}.`, { required });
    }
    await this.records.require(request.method, required);
  }

  private async identify(request: FastifyRequest, dialect: Dialect): Promise<Principal> {
    const credentials = credentialsOf(request.headers, dialect);
    if (credentials.length === 0) {
      if (!this.config.OPEN_DIALECTS.includes(dialect.name))
        throw new DomainError('UNAUTHENTICATED', 'An API key is needed.');
      this.open.check(request);
      return ANONYMOUS;
    }
    const hash = createHash('sha256').update(credentials.join('\0')).digest('base64');
    // Keys that work go on working while another client behind the same proxy guesses keys.
    const caller = { address: request.ip, keyId: keyIdOf(credentials), hash };
    const isVerified = this.verified.has(hash);
    if (!isVerified) this.failures.check(caller);
    try {
      const principal = await this.verified.fetch(hash, { context: credentials });
      if (!principal) throw new DomainError('UNAUTHENTICATED', 'The API key is not valid.');
      if (!isVerified) this.failures.remember(caller);
      return principal;
    } catch (error) {
      if (DomainError.is(error, 'UNAUTHENTICATED')) this.failures.count(caller);
      throw error;
    }
  }

  private async verify(credentials: string[]): Promise<Principal> {
    const key = await this.bus.call(apiKeyContracts.verify, { credentials });
    return { keyId: key.id, name: key.name, role: key.role, workspace: key.workspace };
  }
}

/** The id of a key, to count its failures; empty for a bare secret. */
function keyIdOf(credentials: readonly string[]): string {
  const key = credentials.find((text) => text.includes('.')) ?? '';
  return key.slice(0, Math.max(0, key.indexOf('.')));
}
