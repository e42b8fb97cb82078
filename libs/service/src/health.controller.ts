import { Controller, type Type } from '@nestjs/common';
import { RpcHandler } from '@pentaprism/bus';
import { DomainError } from '@pentaprism/domain';
import { metrics } from '@pentaprism/observability';
import { healthContracts, type ServiceHealth, type ServiceName } from '@pentaprism/contracts';

/** Named checks of what a service depends on; each rejects when the thing does not answer. */
export type Probes = Readonly<Record<string, () => Promise<unknown>>>;

/** Milliseconds after which a dependency that does not answer counts as gone. */
const PROBE_LIMIT_MS = 1500;

/** The handler of a service's health contract. */
export function createHealthController(service: ServiceName, probes: () => Probes): Type {
  @Controller()
  class HealthController {
    @RpcHandler(healthContracts[service])
    async check(): Promise<ServiceHealth> {
      const dependencies = await Promise.all(Object.entries(probes()).map(([name, check]) => probe(name, check)));
      return { service, dependencies };
    }
  }
  return HealthController;
}

async function probe(name: string, check: () => Promise<unknown>) {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer')), PROBE_LIMIT_MS);
  });
  try {
    await Promise.race([check(), limit]);
    if (name === 'blob store') metrics.storageLow.set({ store: name }, 0);
    return { name, ok: true };
  } catch (error) {
    // Reads go on: that is what readiness means.
    if (DomainError.is(error, 'STORAGE_FULL')) {
      metrics.storageLow.set({ store: name }, 1);
      return { name, ok: true, degraded: true, message: error.message };
    }
    return { name, ok: false, message: (error as Error).message.slice(0, 200) };
  } finally {
    clearTimeout(timer);
  }
}
