import { RollingClient, Tally } from '../e2e/support/rolling-client.js';
import { Installation, restartInTurn } from '../e2e/support/rolling.js';
import { send } from '../e2e/support/http.js';
import { examplesOf, none, type Drill, type DrillContext, type DrillResult } from './drill.js';
import { projectFiles, type ProjectFile } from './support/project-files.js';
import { differing, notFinite, ProjectWay, type ProjectResult } from './support/project-way.js';
import { RollingAsker } from './support/rolling-asker.js';

/** Each process twice. */
const RESTARTS = 28;
/** Pictures of a file. */
const PICTURES = 24;
/** Projects at once. */
const LANES = 2;

/** Two of each app behind a balancer; each process is told to stop and is replaced while clients make projects. */
export const restartedJourneys: Drill = {
  number: 26,
  name: 'projects under rolling restarts',
  goal:
    '28 rolling SIGTERMs under uploads, targets, trainings, insights and predictions: no failed request, and each project ' +
    'has the results of an undisturbed one.',
  limitSeconds: 40 * 60,
  byHand: true,
  run,
};

async function run(context: DrillContext): Promise<DrillResult> {
  const installation = await Installation.start(context.log);
  const tally = new Tally();
  try {
    const files = await projectFiles(PICTURES);
    const makers = new Makers(installation, tally);
    context.log('making a project of each file undisturbed');
    const references = new Map<ProjectFile, ProjectResult>();
    for (const [i, file] of files.entries()) references.set(file, await makers.make(file, `undisturbed-${i}`));
    const lanes = makers.start(references);
    const count = context.count(RESTARTS);
    const restarts = await restartInTurn(installation, tally, { count, seed: context.seed, log: context.log });
    tally.during = 'the end';
    makers.stopping = true;
    await lanes;
    const { jobs, unfinishedJobs, unpublished } = await installation.settle();
    return {
      did: `${restarts.length} restarts, ${makers.completed} projects, ${jobs} jobs, ${tally.requests} requests`,
      measures: [
        { what: 'restarts', worst: restarts.length, atLeast: count },
        { what: 'projects', worst: makers.completed, atLeast: LANES },
        none('failed requests', tally.failed),
        none('projects that did not get to their end', makers.failures),
        none('results that differ from an undisturbed project', makers.different),
        { what: 'jobs and facts unfinished', worst: unfinishedJobs + unpublished, atMost: 0 },
      ],
      examples: examplesOf({ failed: tally.failed, failures: makers.failures, different: makers.different }),
    };
  } finally {
    await installation.stop();
  }
}

/** Clients that make projects, each in a workspace of its own. */
class Makers {
  completed = 0;
  stopping = false;
  readonly failures: string[] = [];
  readonly different: string[] = [];

  constructor(
    private readonly installation: Installation,
    private readonly tally: Tally,
  ) {}

  /** Makes projects until `stopping`. Resolves when the last of them is done. */
  async start(references: ReadonlyMap<ProjectFile, ProjectResult>): Promise<void> {
    await Promise.all(Array.from({ length: LANES }, (_, lane) => this.lane(lane, [...references])));
  }

  async make(file: ProjectFile, workspace: string): Promise<ProjectResult> {
    const { origin } = this.installation;
    const client = new RollingClient(origin, await this.key(workspace), this.tally);
    try {
      return await new ProjectWay(new RollingAsker(client), file, workspace).whole();
    } finally {
      client.close();
    }
  }

  private async lane(lane: number, references: readonly (readonly [ProjectFile, ProjectResult])[]): Promise<void> {
    for (let turn = lane; !this.stopping; turn++) {
      const [file, reference] = references[turn % references.length] as readonly [ProjectFile, ProjectResult];
      const name = `lane-${lane}-${turn}`;
      try {
        const result = await this.make(file, name);
        this.completed++;
        const wrong = [...differing(result, reference), ...notFinite(result).map((text) => `${text} is not a number`)];
        this.different.push(...wrong.map((text) => `${name}, ${file.fileName}: ${text}`));
      } catch (error) {
        this.failures.push(String(error));
      }
    }
  }

  private async key(workspace: string): Promise<string> {
    const { origin, ownerKey } = this.installation;
    const { status, bytes } = await send('POST', `${origin}/keys`, {
      headers: { authorization: `Bearer ${ownerKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: workspace, role: 'editor', workspace }),
    });
    if (status !== 201) throw new Error(`no key: ${status} ${bytes.toString()}`);
    return JSON.parse(bytes.toString()).key;
  }
}
