import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { PatientClient } from './dataset-client.js';
import type { ProjectFile } from './project-files.js';
import { differing, notFinite, ProjectWay, type ProjectResult } from './project-way.js';

/** Projects at once. */
const LANES = 3;

/** Clients that make projects, one after the other, until they are stopped. Each project has a workspace of its own. */
export class ProjectLoad {
  completed = 0;
  readonly failures: string[] = [];
  /** Results that differ from the undisturbed ones of the same file. */
  readonly different: string[] = [];
  private readonly clients: PatientClient[] = [];
  private stopping = false;
  private lanes: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly faulty: FaultyStack,
    private readonly references: ReadonlyMap<ProjectFile, ProjectResult>,
  ) {}

  static start(faulty: FaultyStack, references: ReadonlyMap<ProjectFile, ProjectResult>): ProjectLoad {
    const load = new ProjectLoad(faulty, references);
    load.lanes = Promise.all(Array.from({ length: LANES }, (_, lane) => load.lane(lane)));
    // Reported by `stop`.
    load.lanes.catch(() => undefined);
    return load;
  }

  get wrongAnswers(): string[] {
    return this.clients.flatMap(({ wrongAnswers }) => wrongAnswers);
  }

  /** Waits for the end of the projects that were begun. */
  async stop(): Promise<void> {
    this.stopping = true;
    await this.lanes;
  }

  private async lane(lane: number): Promise<void> {
    const files = [...this.references.keys()];
    for (let turn = lane; !this.stopping; turn++)
      await this.project(`lane-${lane}-${turn}`, files[turn % files.length]);
  }

  private async project(name: string, file: ProjectFile | undefined): Promise<void> {
    const reference = file && this.references.get(file);
    if (!file || !reference) throw new Error('a file without a reference');
    const client = await PatientClient.create(this.faulty, name);
    this.clients.push(client);
    try {
      const result = await new ProjectWay(client, file, name).whole();
      this.completed++;
      this.different.push(...differing(result, reference).map((text) => `${name}, ${file.fileName}: ${text}`));
      this.different.push(...notFinite(result).map((text) => `${name}, ${file.fileName}: ${text} is not a number`));
    } catch (error) {
      this.failures.push(String(error));
    }
  }
}
