import type { DrillContext, Measure } from '../drill.js';
import { compare, ended } from './compare.js';
import { forEach } from './for-each.js';
import type { LedgerJob, Tenant } from './tenant.js';
import { TRAINING } from './vision-client.js';
import { VisionWorkspace } from './vision-workspace.js';

/** Each takes a second or more, so that there are fewer than of other jobs. */
const TRAININGS = 40;
const LEAST_TRAININGS = 5;
/** Of each model. */
const EXPORTS = ['ONNX', 'ONNX&flavor=ONNX10', 'ONNX&flavor=ONNX12', 'ONNX&flavor=ONNXFloat16'];
const MEASURED = 10;
const LEAST_MEASURED = 2;
const LANES = 4;
/** Milliseconds until the whole flood has ended, on a slow machine. */
const FLOOD_WITHIN_MS = 6 * 60_000;

/** A workspace that trains and exports models. */
class Trainer {
  private readonly vision: VisionWorkspace;
  private readonly projects: string[] = [];
  private readonly models: string[] = [];

  constructor(private readonly tenant: Tenant) {
    this.vision = new VisionWorkspace(tenant.vision, tenant.workspace);
  }

  /** Makes projects that can be trained, and trains the first one for each few exports. */
  async prepare(projects: number, models: number): Promise<void> {
    const since = new Date();
    await forEach(Array.from({ length: projects }), LANES, async () => {
      this.projects.push((await this.vision.pictured()).visionProject);
    });
    const [first = ''] = this.projects;
    for (let i = 0; i < models; i++) {
      const iteration = await this.tenant.vision.train(first);
      this.models.push(`${TRAINING}/projects/${first}/iterations/${iteration}`);
    }
    await ended(this.tenant, since, 1, FLOOD_WITHIN_MS);
  }

  /** Starts a training of each project, and every export that each model has. Returns the number of jobs. */
  async flood(): Promise<number> {
    const paths = [
      ...this.projects.map((project) => `${TRAINING}/projects/${project}/train?forceTrain=true`),
      ...this.models.flatMap((model) => EXPORTS.map((platform) => `${model}/export?platform=${platform}`)),
    ];
    await forEach(paths, LANES, async (path) => void (await this.tenant.vision.json('POST', path)));
    return paths.length;
  }

  /** Trains the first project, and exports the model, again and again. Returns the jobs. */
  async work(times: number): Promise<readonly LedgerJob[]> {
    const [project = ''] = this.projects;
    const since = new Date();
    for (let i = 0; i < times; i++) {
      const iteration = await this.tenant.vision.train(project);
      const before = new Date();
      await this.tenant.vision.json('POST', `${TRAINING}/projects/${project}/iterations/${iteration}/export?platform=ONNX`); // prettier-ignore
      await ended(this.tenant, before);
    }
    return (await this.tenant.jobs(since)).filter(({ queue }) => queue === 'training');
  }
}

/** One workspace has dozens of trainings and exports waiting, while another one trains and exports, too. */
export async function floodedTrainings(
  context: DrillContext,
  tenants: { readonly flood: Tenant; readonly other: Tenant },
): Promise<{ did: string; measures: Measure[]; overtaken: unknown[] }> {
  const [flood, other] = [new Trainer(tenants.flood), new Trainer(tenants.other)];
  const trainings = Math.max(LEAST_TRAININGS, context.count(TRAININGS));
  const times = Math.max(LEAST_MEASURED, context.count(MEASURED));
  await other.prepare(1, 0);
  await flood.prepare(trainings, Math.ceil(trainings / EXPORTS.length));
  // The first ones start processes.
  await other.work(1);
  const idle = await other.work(times);
  const since = new Date();
  const jobs = await flood.flood();
  const busy = await other.work(times);
  const left = await tenants.flood.waiting();
  const floodJobs = await ended(tenants.flood, since, jobs, FLOOD_WITHIN_MS);
  context.log(
    `beside ${jobs} trainings and exports: ${busy.length} of another workspace; ${left} of the flood are left`,
  );
  const compared = compare({ idle, busy, flood: floodJobs });
  return {
    did: `${jobs} trainings and exports`,
    measures: [
      { what: 'trainings and exports that the flood had left', worst: left, atLeast: 1 },
      ...compared.measures,
    ],
    overtaken: compared.overtaken,
  };
}
