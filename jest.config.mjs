/**
 * Six kinds of tests, each with one spelling:
 *   *.spec.ts              pure units, beside the code; no server, part of `npm run check`
 *   *.integration.spec.ts  adapters against the real MongoDB, NATS and Valkey that the run starts
 *   test/contract/*.contract.ts  services against their contracts on a real bus
 *   test/e2e/*.e2e.ts      the started stack, over HTTP
 *   test/survival/*.survival.ts  faults and restarts under load; one after another, and alone on the machine
 *   test/deploy/*.deploy.ts  compose file, Dockerfile and Kubernetes manifests, by validators and by rules of our own
 */
const common = {
  testEnvironment: 'node',
  // Resolve workspace packages to their sources, as tsc does (`customConditions`).
  testEnvironmentOptions: { customExportConditions: ['@pentaprism/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: {
          parser: { syntax: 'typescript', decorators: true },
          transform: { legacyDecorator: true, decoratorMetadata: true },
          target: 'es2023',
          keepClassNames: true,
        },
        module: { type: 'es6' },
      },
    ],
  },
  modulePathIgnorePatterns: ['<rootDir>/.*/dist/', '<rootDir>/.nx/', '<rootDir>/.pentaprism/'],
};

const servers = {
  globalSetup: '<rootDir>/test/servers.setup.mjs',
  globalTeardown: '<rootDir>/test/servers.teardown.mjs',
};

export default {
  workerIdleMemoryLimit: '1GB',
  maxWorkers: 2,
  // Of drills that wait most of their time (`it.concurrent`): more systems at once would take too long to start on two cores.
  maxConcurrency: 3,
  // Against hangs only. A loaded machine has taken half a minute for what takes a second.
  testTimeout: 120_000,
  reporters: ['default', '<rootDir>/test/closing-line.reporter.mjs'],
  projects: [
    {
      ...common,
      displayName: 'unit',
      testMatch: ['<rootDir>/{libs,apps,deploy}/**/src/**/*.spec.ts'],
      testPathIgnorePatterns: ['\\.integration\\.spec\\.ts$', '/node_modules/', '/dist/'],
    },
    {
      ...common,
      ...servers,
      displayName: 'integration',
      testMatch: ['<rootDir>/{libs,apps,deploy}/**/src/**/*.integration.spec.ts'],
    },
    { ...common, ...servers, displayName: 'contract', testMatch: ['<rootDir>/test/contract/**/*.contract.ts'] },
    {
      ...common,
      displayName: 'deploy',
      testMatch: ['<rootDir>/test/deploy/**/*.deploy.ts'],
      globalSetup: '<rootDir>/test/deploy/tools.setup.mjs',
    },
    {
      ...common,
      displayName: 'e2e',
      testMatch: ['<rootDir>/test/e2e/**/*.e2e.ts'],
      globalSetup: '<rootDir>/test/stack.setup.mjs',
      globalTeardown: '<rootDir>/test/stack.teardown.mjs',
    },
    { ...common, displayName: 'survival', testMatch: ['<rootDir>/test/survival/**/*.survival.ts'] },
  ],
};
