import { MAX_PENDING_TRAININGS_PER_WORKSPACE } from '@pentaprism/domain';
import { eventually } from '@pentaprism/testing';
import { none, type DrillContext, type Measure } from '../drill.js';
import { compare, ended } from './compare.js';
import { forEach } from './for-each.js';
import type { LedgerJob, Tenant } from './tenant.js';
import { TRAINING } from './vision-client.js';
import { VisionWorkspace } from './vision-workspace.js';

const LEAST_CLIENTS = 5;
/** Of each model. */
const EXPORTS = ['ONNX', 'ONNX&flavor=ONNX10', 'ONNX&flavor=ONNX12', 'ONNX&flavor=ONNXFloat16'];
const MEASURED = 10;
/** Projects of the workspace that is measured. A project has at most `MAX_ITERATIONS_PER_PROJECT` models. */
const MEASURED_PROJECTS = 2;
const LEAST_MEASURED = 2;
const LANES = 4;
/** Milliseconds until the whole flood has ended, on a slow machine. */
const FLOOD_WITHIN_MS = 6 * 60_000;

/** A workspace that trains and exports models. */
class Trainer {
  private readonly vision: VisionWorkspace;
  private readonly projects: string[] = [];

  constructor(private readonly tenant: Tenant) {
    this.vision = new VisionWorkspace(tenant.vision, tenant.workspace);
  }

  /** Makes projects that can be trained. */
  async prepare(projects: number): Promise<void> {
    const since = new Date();
    await forEach(Array.from({ length: projects }), LANES, async () => {
      this.projects.push((await this.vision.pictured()).visionProject);
    });
    await ended(this.tenant, since, 1, FLOOD_WITHIN_MS);
  }

  /**
   * Starts one client for each project, which trains it and requests every export of the model until the flood is stopped.
   * A client requests the next training when the last one has ended, so that one training of each project is pending.
   */
  flood(): Flood {
    const refused: string[] = [];
    let stopped = false;
    const client = async (project: string) => {
      while (!stopped) {
        const model = await this.train(project, FLOOD_WITHIN_MS);
        for (const platform of EXPORTS) await this.tenant.vision.json('POST', `${model}/export?platform=${platform}`);
      }
    };
    const clients = this.projects.map((project) =>
      client(project).catch((error: unknown) => void refused.push(String(error))),
    );
    const stop = async () => {
      stopped = true;
      await Promise.all(clients);
    };
    return { refused, stop };
  }

  /** Trains a project and exports the model, `times` times, each project in turn. Returns the jobs. */
  async work(times: number): Promise<readonly LedgerJob[]> {
    const since = new Date();
    for (let i = 0; i < times; i++) {
      const model = await this.train(this.projects[i % this.projects.length] ?? '');
      const before = new Date();
      await this.tenant.vision.json('POST', `${model}/export?platform=ONNX`);
      await ended(this.tenant, before);
    }
    return (await this.tenant.jobs(since)).filter(({ queue }) => queue === 'training');
  }

  /** Returns the path of the trained model. */
  private async train(project: string, withinMs?: number): Promise<string> {
    const iteration = await this.tenant.vision.train(project, withinMs);
    return `${TRAINING}/projects/${project}/iterations/${iteration}`;
  }
}

interface Flood {
  /** Errors of clients. A client that fails sends nothing more. */
  readonly refused: readonly string[];
  /** Resolves when each client has sent its last request. */
  stop(): Promise<void>;
}

/** One workspace has as many trainings pending as the limit allows, with their exports, while another one trains and exports, too. */
export async function floodedTrainings(
  context: DrillContext,
  tenants: { readonly flood: Tenant; readonly other: Tenant },
): Promise<{ did: string; measures: Measure[]; examples: Record<string, readonly unknown[]> }> {
  const [flood, other] = [new Trainer(tenants.flood), new Trainer(tenants.other)];
  const clients = Math.max(LEAST_CLIENTS, context.count(MAX_PENDING_TRAININGS_PER_WORKSPACE));
  const times = Math.max(LEAST_MEASURED, context.count(MEASURED));
  await other.prepare(MEASURED_PROJECTS);
  await flood.prepare(clients);
  // The first ones start processes.
  await other.work(1);
  const idle = await other.work(times);
  const since = new Date();
  const { refused, stop } = flood.flood();
  await eventually(
    async () => {
      const begun = (await tenants.flood.jobs(since)).length;
      if (begun < clients) throw new Error(`${begun} of ${clients} trainings have been requested: ${refused.join()}`);
    },
    { timeoutMs: FLOOD_WITHIN_MS },
  );
  const busy = await other.work(times);
  const left = await tenants.flood.waiting();
  await stop();
  const jobs = await ended(tenants.flood, since, clients, FLOOD_WITHIN_MS);
  context.log(
    `beside ${clients} clients that train and export: ${busy.length} jobs of another workspace; ${jobs.length} of the flood, ${left} were left`,
  );
  const compared = compare({ idle, busy, flood: jobs });
  return {
    did: `${jobs.length} trainings and exports`,
    measures: [
      { what: 'trainings and exports that the flood had left', worst: left, atLeast: 1 },
      none('trainings and exports that were refused', refused),
      ...compared.measures,
    ],
    examples: { trainings: compared.overtaken, refused },
  };
}
