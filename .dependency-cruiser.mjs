import { featureRules } from './tools/dependencies/features.mjs';
import { readManifests } from './tools/dependencies/manifests.mjs';

const servers = '(mongoose|mongodb|bullmq|ioredis|@nestjs/mongoose|@nestjs/bullmq)';
const npm = (names) => `node_modules/${names}/`;

/** Files that images do not need. They may use what `devDependencies` name, and the tools in the package.json of the root. */
const TEST_FILES = ['\\.(spec|fixture|conformance)\\.(ts|mjs)$', '^test/'];
const TOOLS = npm('(@jest/globals|fast-check|esbuild)');

/** @param {string} directory */
function testsOf(directory) {
  return directory === 'test' ? '^test/' : `^${directory}/.*${TEST_FILES[0]}`;
}

const manifests = readManifests();
const directoryOf = new Map(manifests.map(({ name, directory }) => [name, directory]));

/**
 * Returns the rule that a package imports only those packages of this repository that its package.json names.
 *
 * @param {string} directory
 * @param {string[]} names
 * @param {{ path: string | string[], pathNot?: string[] }} from
 */
function namedPackages(directory, names, from) {
  const allowed = names.flatMap((name) => directoryOf.get(name) ?? []);
  return {
    name: `packages-named-by-${directory.replaceAll('/', '-')}`,
    comment: 'Add the package to `dependencies`, or to `devDependencies` if only tests import it.',
    severity: 'error',
    from,
    to: {
      path: '^(libs|deploy)/',
      pathNot: [directory, ...allowed].map((each) => `^${each}/`),
    },
  };
}

/** Module boundaries, import cycles and banned packages. `npm run check` fails on any of them. */
export default {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    { name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
    {
      name: 'no-non-package-json',
      comment: 'Each package names its dependencies in its own package.json, because images hold only what is named.',
      severity: 'error',
      from: { path: '^(apps|libs|deploy|test)/', pathNot: TEST_FILES },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown', 'npm-dev'] },
    },
    {
      name: 'no-non-package-json-in-tests',
      severity: 'error',
      from: { path: TEST_FILES },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'], pathNot: TOOLS },
    },
    ...manifests.flatMap(({ directory, dependencies, devDependencies }) => [
      namedPackages(directory, dependencies, { path: `^${directory}/`, pathNot: TEST_FILES }),
      namedPackages(directory, [...dependencies, ...devDependencies], { path: testsOf(directory) }),
    ]),
    {
      name: 'libraries-through-their-entry',
      comment: 'A library is imported by its package name, never by a path into its sources.',
      severity: 'error',
      from: { path: '^(libs/dialects/[^/]+|libs/[^/]+|apps/[^/]+|deploy/[^/]+|test)/' },
      to: { path: '^libs/', pathNot: ['^$1/', '/src/index\\.ts$', '\\.conformance\\.ts$'] },
    },
    {
      name: 'domain-imports-nothing',
      severity: 'error',
      from: { path: '^libs/domain/src', pathNot: '\\.spec\\.ts$' },
      to: { pathNot: '^libs/domain/src' },
    },
    {
      name: 'libs-never-import-apps',
      severity: 'error',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'apps-never-import-apps',
      severity: 'error',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    ...featureRules(TEST_FILES),
    {
      name: 'dialects-are-thin',
      comment:
        'A dialect may use contracts, domain, the HTTP library, the PNG checker and the words of the DSIO APIs; never a database, sharp, a queue or another dialect.',
      severity: 'error',
      from: { path: '^libs/dialects/([^/]+)/src' },
      to: {
        path: ['^libs/', npm('sharp'), npm(servers)],
        pathNot: ['^libs/(contracts|domain|http|bus|png|dsio)/', '^libs/dialects/$1/'],
      },
    },
    {
      name: 'gateway-owns-no-data',
      severity: 'error',
      from: { path: '^apps/gateway/' },
      to: { path: [npm(servers), npm('sharp'), '^libs/(database|jobs|imaging)/'] },
    },
    {
      name: 'sharp-in-imaging-only',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['^libs/(imaging|testing)/', '^libs/similarity/.*\\.fixture\\.ts$'] },
      to: { path: npm('sharp') },
    },
    {
      name: 's3-in-blob-store-only',
      severity: 'error',
      from: { path: '^(apps|libs|deploy|test)/', pathNot: '^libs/(blob-store|testing)/' },
      to: { path: npm('@aws-sdk') },
    },
    {
      name: 'old-nats-client',
      comment: 'The predecessor of @nats-io/transport-node.',
      severity: 'error',
      from: {},
      to: { path: npm('nats') },
    },
    {
      name: 'drills-run-without-jest',
      comment: '`npm run drill` is a program of its own: jest must not come in through what it shares with the tests.',
      severity: 'error',
      from: { path: '^test/drill/' },
      to: { path: npm('@jest/globals'), reachable: true },
    },
    {
      name: 'tests-stay-out-of-the-product',
      severity: 'error',
      from: { path: '^(apps|libs)/', pathNot: ['\\.(spec|fixture)\\.ts$', '^libs/testing/'] },
      to: { path: ['^libs/testing/', '\\.(spec|fixture)\\.ts$', '^test/'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(?!node_modules/).*/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@pentaprism/source', 'import', 'node', 'default'],
      extensions: ['.ts', '.mjs', '.js'],
    },
  },
};
