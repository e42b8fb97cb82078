// @ts-check
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { REPOSITORY } from './manifests.mjs';

/**
 * The folders of each app that has a folder per feature. A feature may import the features after it in its list and none
 * before it, so that imports between features never form a circle.
 */
const FEATURES = {
  catalog: ['radiographs', 'housekeeping', 'training', 'images', 'keys', 'projects', 'contents', 'directory', 'config'],
  insights: ['image-insights', 'similarity', 'embeddings', 'config'],
  'training-ingest': [
    'images',
    'housekeeping',
    'projects',
    'table-predictions',
    'candidates',
    'modelings',
    'predictions',
    'models',
    'datasets',
    'pushed-logs',
    'log-directory',
    'event-logs',
    'url',
    'radiographs',
    'sessions',
    'config',
  ],
};

/**
 * Returns the rules for imports between the features of an app, and from a feature to the modules beside the features.
 * Throws if an app has a folder that `FEATURES` does not list, or lacks one that it lists.
 *
 * @param {string[]} testFiles patterns of files that may import the whole app
 */
export function featureRules(testFiles) {
  return Object.entries(FEATURES).flatMap(([app, features]) => {
    const source = `apps/${app}/src`;
    checkFolders(source, features);
    const order = features.slice(1).map((feature, i) => ({
      name: `features-of-${app}-in-order`,
      comment: `${feature} imports only what follows it in tools/dependencies/features.mjs.`,
      severity: 'error',
      from: { path: `^${source}/${feature}/`, pathNot: testFiles },
      to: { path: `^${source}/(${features.slice(0, i + 1).join('|')})/` },
    }));
    const up = {
      name: `features-of-${app}-never-import-up`,
      comment: 'The modules beside the features start the app: they import features, and no feature imports them.',
      severity: 'error',
      from: { path: `^${source}/[^/]+/`, pathNot: testFiles },
      to: { path: `^${source}/[^/]+$` },
    };
    return [...order, up];
  });
}

/**
 * @param {string} source
 * @param {string[]} features
 */
function checkFolders(source, features) {
  const folders = readdirSync(path.join(REPOSITORY, source), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const wrong = [
    ...folders.filter((folder) => !features.includes(folder)),
    ...features.filter((feature) => !folders.includes(feature)),
  ];
  if (wrong.length > 0)
    throw new Error(`${source}: list exactly its folders in tools/dependencies/features.mjs (${wrong.join(', ')}).`);
}
