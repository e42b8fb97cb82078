import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { BlobStore } from '@pentaprism/blob-store';
import { Bus } from '@pentaprism/bus';
import { healthContracts, SERVICES, type ServiceHealth, type ServiceName } from '@pentaprism/contracts';
import { DomainError } from '@pentaprism/domain';
import { BLOB_STORE, SystemClock } from '@pentaprism/service';
import type { FastifyReply } from 'fastify';
import { Drain } from '../http/drain.js';
import { RecordSpace } from '../http/record-space.js';
import { WithoutKey } from './route-access.js';

interface Part {
  readonly name: string;
  readonly ok: boolean;
  /** It serves reads, and refuses writes for want of space. */
  readonly degraded?: boolean | undefined;
  readonly message?: string | undefined;
}

/** Milliseconds for which one look at all parts is the answer. */
const LOOK_MS = 500;

/** What a gateway says that still serves, but should get no new connections. */
const STOPPING: Part[] = [{ name: 'gateway', ok: false, message: 'it is stopping' }];

@ApiTags('health')
@Controller('health')
export class HealthController {
  private latest: { readonly at: number; readonly parts: Promise<Part[]> } | undefined;

  constructor(
    private readonly bus: Bus,
    @Inject(BLOB_STORE) private readonly blobs: BlobStore,
    private readonly drain: Drain,
    private readonly records: RecordSpace,
    private readonly clock: SystemClock,
  ) {}

  @WithoutKey()
  @Get('live')
  @ApiOperation({ summary: 'Check that this process serves, without what it depends on' })
  live(): { status: 'ok' } {
    return { status: 'ok' };
  }

  @WithoutKey()
  @Get('ready')
  @ApiOperation({
    summary: 'Check that reads can be served: 503 with what is missing, `degraded` while space is too low for writes',
  })
  async ready(@Res() reply: FastifyReply): Promise<void> {
    const parts = this.drain.draining ? STOPPING : await this.checkAll();
    const missing = parts.filter((part) => !part.ok).map((part) => part.name);
    const degraded = parts.filter((part) => part.degraded).map((part) => part.name);
    const status = missing.length > 0 ? 'unavailable' : degraded.length > 0 ? 'degraded' : 'ok';
    await reply.status(missing.length === 0 ? 200 : 503).send({ status, missing, degraded, parts });
  }

  /** One look answers all who ask within a moment: the route needs no key, and a look reaches every part. */
  private checkAll(): Promise<Part[]> {
    const now = performance.now();
    if (!this.latest || now - this.latest.at > LOOK_MS) {
      const looks = [
        this.checkStore(),
        this.checkRecords(),
        this.checkClock(),
        ...SERVICES.map((service) => this.check(service)),
      ];
      this.latest = { at: now, parts: Promise.all(looks).then((parts) => parts.flat()) };
    }
    return this.latest.parts;
  }

  /** A service and what it depends on, e.g. `catalog`, `catalog: mongodb`. */
  private async check(service: ServiceName): Promise<Part[]> {
    try {
      const health: ServiceHealth = await this.bus.call(healthContracts[service], {});
      return [
        { name: service, ok: true },
        ...health.dependencies.map(({ name, ...rest }) => ({ name: `${service}: ${name}`, ...rest })),
      ];
    } catch (error) {
      return [{ name: service, ok: false, message: (error as Error).message }];
    }
  }

  private async checkStore(): Promise<Part[]> {
    try {
      await this.blobs.checkWritable();
      return [{ name: 'gateway: blob store', ok: true }];
    } catch (error) {
      if (DomainError.is(error, 'STORAGE_FULL'))
        return [{ name: 'gateway: blob store', ok: true, degraded: true, message: error.message }];
      return [{ name: 'gateway: blob store', ok: false, message: (error as Error).message }];
    }
  }

  /** Before the first comparison, signed URLs could have expired already. */
  private checkClock(): Part {
    return this.clock.isCompared
      ? { name: 'gateway: system time', ok: true }
      : {
          name: 'gateway: system time',
          ok: false,
          message: 'The clock has not been compared with that of MongoDB yet.',
        };
  }

  private async checkRecords(): Promise<Part[]> {
    if (!(await this.records.isLow())) return [];
    return [{ name: 'records', ok: true, degraded: true, message: 'MongoDB has too little free space.' }];
  }
}
