import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import { projectGone } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { Projects } from './projects.js';

const PROJECT = 'a'.repeat(24);

/** A bus whose other end is the test. */
function fakeBus() {
  let tell = (_message: object) => {};
  const asked: (string | undefined)[] = [];
  const there = new Set([PROJECT]);
  /** Called after the catalog has answered, and before its answer is here. */
  let onTheWay = () => {};
  const bus = {
    connection: {
      prefix: '',
      refusals: { watch: () => () => undefined },
      nats: {
        subscribe: (_subject: string, { callback }: { callback: (error: null, message: object) => void }) => {
          tell = (message) => callback(null, { json: () => message });
          return { unsubscribe: () => {} };
        },
      },
    },
    call: async (_rpc: unknown, { id }: { id?: string }) => {
      asked.push(id);
      if (id !== undefined && !there.has(id)) throw new DomainError('NOT_FOUND', 'There is no such project.');
      onTheWay();
      return { project: id ?? PROJECT };
    },
  } as unknown as Bus;
  const remove = (workspace: string) => {
    there.clear();
    tell(projectGone.data.parse({ workspace, projectId: PROJECT }));
  };
  return { bus, asked, remove, meanwhile: (work: () => void) => (onTheWay = work) };
}

describe('projects', () => {
  let fake: ReturnType<typeof fakeBus>;
  let projects: Projects;
  beforeEach(() => {
    fake = fakeBus();
    projects = new Projects(fake.bus);
    projects.onApplicationBootstrap();
  });
  afterEach(() => projects.onModuleDestroy());

  it('are asked for once', async () => {
    for (let n = 0; n < 3; n++) expect((await projects.resolve('w', PROJECT)).toHexString()).toBe(PROJECT);
    await projects.resolve('other', PROJECT);
    expect(fake.asked).toHaveLength(2);
  });

  it('are gone as soon as there is news of it', async () => {
    await projects.resolve('w', PROJECT);
    fake.remove('w');
    await expect(projects.resolve('w', PROJECT)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });

  it('are not kept when they were deleted while they were asked for', async () => {
    fake.meanwhile(() => fake.remove('w'));
    await projects.resolve('w', PROJECT);
    await expect(projects.resolve('w', PROJECT)).rejects.toMatchObject({ code: 'NOT_FOUND' });
  });
});
