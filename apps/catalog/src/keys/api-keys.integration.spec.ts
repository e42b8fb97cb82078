import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { apiKeyContracts as keys, type RequestOf, type ResponseOf, type Rpc } from '@pentaprism/contracts';
import { testScope } from '@pentaprism/testing';
import { ApiKeyRepository } from './api-key.repository.js';
import { ProjectRepository } from '../projects/project.repository.js';
import { OWNER_KEY, startCatalog, type StartedCatalog } from '../catalog.fixture.js';
import { ManageApiKeys } from './manage-api-keys.usecase.js';

const notFound = expect.objectContaining({ code: 'NOT_FOUND' });
const unauthenticated = expect.objectContaining({ code: 'UNAUTHENTICATED' });

let catalog: StartedCatalog;
let workspace: string;

function call<R extends Rpc>(rpc: R, request: RequestOf<R>, of = workspace): Promise<ResponseOf<R>> {
  return catalog.call(rpc, request, of);
}

beforeAll(async () => {
  catalog = await startCatalog(testScope('api-keys'));
});

afterAll(() => catalog.stop());

beforeEach(async () => {
  workspace = await catalog.makeWorkspace();
});

describe('API keys', () => {
  const verify = (...credentials: string[]) => catalog.call(keys.verify, { credentials }, '');
  const managerFor = (ownerKey: string, secrets = catalog.config.SIGNING_SECRETS) =>
    new ManageApiKeys(
      catalog.app.get(ApiKeyRepository, { strict: false }),
      catalog.app.get(ProjectRepository, { strict: false }),
      {
        ...catalog.config,
        PENTAPRISM_OWNER_KEY: ownerKey,
        SIGNING_SECRETS: secrets,
      },
    );

  it('are made, verified, listed and revoked in their workspace', async () => {
    const { secret, ...key } = await call(keys.create, { name: 'ci', role: 'editor' });
    expect(key).toMatchObject({ name: 'ci', role: 'editor', workspace, createdBy: 'ann' });
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(await verify(`${key.id}.${secret}`)).toEqual(key);
    for (const wrong of [`${key.id}.${secret}x`, `other.${secret}`, secret, key.id, '-'])
      await expect(verify(wrong)).rejects.toEqual(unauthenticated);
    const listed = (await call(keys.list, {})).keys;
    expect(listed.map(({ name }) => name)).toEqual(['owner', 'ci']);
    expect(JSON.stringify(listed)).not.toContain(secret);
    await expect(call(keys.revoke, { id: key.id }, await catalog.makeWorkspace())).rejects.toEqual(notFound);
    await call(keys.revoke, { id: key.id });
    await expect(verify(`${key.id}.${secret}`)).rejects.toEqual(unauthenticated);
    await expect(call(keys.revoke, { id: key.id })).rejects.toEqual(notFound);
  });

  it('for another workspace are made by the default one only', async () => {
    await expect(call(keys.create, { name: 'x', role: 'reader', workspace: 'default' })).rejects.toMatchObject({
      code: 'PERMISSION_DENIED',
    });
  });

  it('survive a change of the signing secret, as long as the old one verifies', async () => {
    const { id, secret } = await call(keys.create, { name: 'ci', role: 'reader' });
    const rotated = managerFor(OWNER_KEY, ['n'.repeat(32), ...catalog.config.SIGNING_SECRETS]);
    expect(await rotated.verify([`${id}.${secret}`])).toMatchObject({ id });
    await expect(managerFor(OWNER_KEY, ['n'.repeat(32)]).verify([`${id}.${secret}`])).rejects.toEqual(unauthenticated);
  });

  it('from the environment replace the one before, and cannot be revoked', async () => {
    expect(await verify(OWNER_KEY)).toMatchObject({ id: 'first', role: 'owner', workspace: 'default' });
    await expect(call(keys.revoke, { id: 'first' }, 'default')).rejects.toMatchObject({ code: 'FAILED_PRECONDITION' });
    const next = 'a bare secret of some length';
    await Promise.all([1, 2, 3].map(() => managerFor(next).bootstrap()));
    expect(await verify(next)).toMatchObject({ role: 'owner', workspace: 'default' });
    await expect(verify(OWNER_KEY)).rejects.toEqual(unauthenticated);
    await managerFor(OWNER_KEY).bootstrap();
    expect(await verify(OWNER_KEY)).toMatchObject({ id: 'first' });
    await expect(verify(next)).rejects.toEqual(unauthenticated);
  });
});
