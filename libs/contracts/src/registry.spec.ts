import { describe, expect, it } from '@jest/globals';
import { QUEUES, SERVICES } from './define.js';
import { ALL_JOBS, ALL_RPCS, rpcsOwnedBy } from './registry.js';

describe('contracts', () => {
  it('have subjects that are unique and name their owner', () => {
    const subjects = ALL_RPCS.map((rpc) => rpc.subject);
    expect(new Set(subjects).size).toBe(subjects.length);
    for (const rpc of ALL_RPCS) expect(rpc.subject).toMatch(new RegExp(`^${rpc.owner}\\.v1\\.[a-z-]+\\.[a-z-]+$`));
  });

  it('give every service at least its health check', () => {
    for (const service of SERVICES)
      expect(rpcsOwnedBy(service).map((rpc) => rpc.subject)).toContain(`${service}.v1.health.check`);
  });

  it('refuse unknown members in requests', () => {
    for (const rpc of ALL_RPCS) expect(rpc.request.safeParse({ unknownMember: 1 }).success).toBe(false);
  });

  it('name each type of job once', () => {
    const types = ALL_JOBS.map((job) => job.type);
    expect(new Set(types).size).toBe(types.length);
  });

  it('give every queue one owner, which compares its tickets with its jobs', () => {
    for (const queue of QUEUES) {
      const owners = ALL_JOBS.filter((job) => job.queue === queue).map(({ owner }) => owner);
      expect([...new Set(owners)]).toHaveLength(1);
    }
  });
});
