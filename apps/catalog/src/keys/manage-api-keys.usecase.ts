import { Inject, Injectable } from '@nestjs/common';
import type { ApiKey } from '@pentaprism/contracts';
import { isDuplicateKey, notFound } from '@pentaprism/database';
import { DEFAULT_WORKSPACE, DomainError, MAX_API_KEYS_PER_WORKSPACE, type Role, systemDate } from '@pentaprism/domain';
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { ApiKeyRepository, toApiKey, type ApiKeyDocument } from './api-key.repository.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { CATALOG_CONFIG, type CatalogConfig } from '../config/config.js';

/** Random bytes of a secret: 256 bits. */
const SECRET_BYTES = 32;
const ID_BYTES = 8;

const UNAUTHENTICATED = 'The API key is not valid.';

/** API keys: 256 random bits, looked up by id, kept as a keyed hash, compared in constant time. */
@Injectable()
export class ManageApiKeys {
  constructor(
    private readonly keys: ApiKeyRepository,
    private readonly projects: ProjectRepository,
    @Inject(CATALOG_CONFIG) private readonly config: CatalogConfig,
  ) {}

  /** @throws DomainError UNAUTHENTICATED, alike for an unknown id and a wrong secret */
  async verify(credentials: readonly string[]): Promise<ApiKey> {
    const candidates = credentials.flatMap(readings);
    const found = await this.keys.findForAuthentication(candidates.map((candidate) => candidate.id));
    for (const { id, secret } of candidates) {
      const key = found.find((document) => document._id === id);
      // An unknown id costs a comparison too, so that time does not tell which ids exist.
      if (this.matches(id, secret, key?.hash ?? '0'.repeat(64)) && key) return toApiKey(key);
    }
    throw new DomainError('UNAUTHENTICATED', UNAUTHENTICATED);
  }

  /** @throws DomainError PERMISSION_DENIED for another workspace, unless the caller is of the default one */
  async create(
    caller: { workspace: string; actor: string },
    request: { name: string; role: Role; workspace?: string | undefined },
  ) {
    const workspace = request.workspace ?? caller.workspace;
    if (workspace !== caller.workspace && caller.workspace !== DEFAULT_WORKSPACE) {
      throw new DomainError(
        'PERMISSION_DENIED',
        'Only an owner of the default workspace may make keys for other workspaces.',
      );
    }
    if ((await this.keys.count(workspace)) >= MAX_API_KEYS_PER_WORKSPACE) {
      throw new DomainError('FAILED_PRECONDITION', `A workspace has at most ${MAX_API_KEYS_PER_WORKSPACE} API keys.`);
    }
    await this.projects.ensureWorkspace(workspace);
    const id = randomBytes(ID_BYTES).toString('hex');
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const key = this.document(id, secret, {
      workspace,
      name: request.name,
      role: request.role,
      createdBy: caller.actor,
      bootstrap: false,
    });
    await this.keys.add(key);
    return { ...toApiKey(key), secret };
  }

  async list(workspace: string): Promise<{ keys: ApiKey[] }> {
    return { keys: (await this.keys.list(workspace)).map(toApiKey) };
  }

  async revoke(workspace: string, id: string): Promise<Record<string, never>> {
    const key = await this.keys.find(workspace, id);
    if (!key) throw notFound('API key');
    if (key.bootstrap) {
      throw new DomainError(
        'FAILED_PRECONDITION',
        'This key comes from PENTAPRISM_OWNER_KEY: change that, and it is replaced.',
      );
    }
    await this.keys.remove(workspace, id);
    return {};
  }

  /** Makes the default workspace, its library and the first key. Safe when several instances start at once. */
  async bootstrap(): Promise<void> {
    await this.projects.ensureWorkspace(DEFAULT_WORKSPACE);
    const { id, secret } = readings(this.config.PENTAPRISM_OWNER_KEY)[0] as Candidate;
    const key = this.document(id, secret, {
      workspace: DEFAULT_WORKSPACE,
      name: 'owner',
      role: 'owner',
      createdBy: 'installation',
      bootstrap: true,
    });
    await this.keys.replaceBootstrapKey(key).catch((error: unknown) => {
      if (!isDuplicateKey(error)) throw error;
    });
  }

  private document(
    id: string,
    secret: string,
    fields: Pick<ApiKeyDocument, 'workspace' | 'name' | 'role' | 'createdBy' | 'bootstrap'>,
  ): ApiKeyDocument {
    return {
      _id: id,
      hash: hashSecret(id, secret, this.config.SIGNING_SECRETS[0] as string),
      createdAt: systemDate(),
      ...fields,
    };
  }

  /** Under any of the secrets, so that they can be rotated. */
  private matches(id: string, secret: string, hash: string): boolean {
    const expected = Buffer.from(hash, 'hex');
    return this.config.SIGNING_SECRETS.map((signing) =>
      timingSafeEqual(Buffer.from(hashSecret(id, secret, signing), 'hex'), expected),
    ).includes(true);
  }
}

function hashSecret(id: string, secret: string, signingSecret: string): string {
  return createHmac('sha256', signingSecret).update(`pentaprism api key\0${id}\0${secret}`).digest('hex');
}

interface Candidate {
  readonly id: string;
  readonly secret: string;
}

/** What a credential can mean: `id.secret`, or (also with a dot in it) a bare secret, whose id follows from itself. */
function readings(credential: string): Candidate[] {
  const bare = { id: bareKeyId(credential), secret: credential };
  const [, id, secret] = /^([A-Za-z0-9_-]{1,64})\.(.{16,})$/s.exec(credential) ?? [];
  return id && secret ? [{ id, secret }, bare] : [bare];
}

function bareKeyId(secret: string): string {
  return `bare-${createHash('sha256').update(`pentaprism key id\0${secret}`).digest('hex').slice(0, 24)}`;
}
