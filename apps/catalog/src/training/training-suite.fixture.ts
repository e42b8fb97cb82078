import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { testScope } from '@pentaprism/testing';
import { startCatalog, type StartedCatalog } from '../catalog.fixture.js';
import { TrainingFixture } from './training.fixture.js';

/** What a test of training images works with. The workspace and its project belong to this test only. */
export interface TrainingTest {
  readonly catalog: StartedCatalog;
  readonly fixture: TrainingFixture;
  readonly projectId: string;
}

/** With another catalog of the same installation. */
export interface TrainingTestOfTwo extends TrainingTest {
  readonly second: StartedCatalog;
}

/** Starts a catalog for a suite, and passes what each test works with to `assign`. */
export function setUpTraining(suite: string, assign: (test: TrainingTest) => void): void {
  let catalog: StartedCatalog;
  beforeAll(async () => {
    catalog = await startCatalog(testScope(suite));
  });
  afterAll(() => catalog.stop());
  beforeEach(async () => assign(await newTest(catalog)));
}

/** Starts two catalogs of one installation for a suite, and passes what each test works with to `assign`. */
export function setUpTrainingOfTwo(suite: string, assign: (test: TrainingTestOfTwo) => void): void {
  let catalog: StartedCatalog;
  let second: StartedCatalog;
  beforeAll(async () => {
    const scope = testScope(suite);
    catalog = await startCatalog(scope);
    second = await startCatalog({ ...scope, cleanUp: async () => {} });
  });
  afterAll(async () => {
    await second.stop();
    await catalog.stop();
  });
  beforeEach(async () => assign({ ...(await newTest(catalog)), second }));
}

async function newTest(catalog: StartedCatalog): Promise<TrainingTest> {
  const fixture = new TrainingFixture(catalog, await catalog.makeWorkspace());
  return { catalog, fixture, projectId: await fixture.makeProject() };
}
