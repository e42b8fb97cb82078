import {
  blobVariables,
  busVariables,
  catalogVariables,
  eventLogVariables,
  gatewayVariables,
  graceVariables,
  modalityVariables,
  mongoVariables,
  queueVariables,
  radiographVariables,
  scrubVariables,
  secretVariables,
  similarityVariables,
  uploadVariables,
  urlImportVariables,
  workerVariables,
} from './variables.js';

/**
 * The variables of each app, by its name. An app's schema is made of its entry. The launcher and the manifests pass these
 * variables to the app and no others, so that an app never receives a secret that it does not use.
 */
export const APP_SETTINGS = {
  gateway: { ...busVariables, ...blobVariables, ...secretVariables, ...gatewayVariables },
  catalog: {
    ...busVariables,
    ...mongoVariables,
    ...queueVariables,
    ...blobVariables,
    ...secretVariables,
    ...scrubVariables,
    ...catalogVariables,
  },
  tagging: { ...busVariables, ...mongoVariables },
  'training-ingest': {
    ...busVariables,
    ...mongoVariables,
    ...queueVariables,
    ...blobVariables,
    ...scrubVariables,
    ...uploadVariables,
    ...radiographVariables,
    ...modalityVariables,
    ...urlImportVariables,
    ...graceVariables,
    ...eventLogVariables,
  },
  augmentation: { ...busVariables, ...mongoVariables, ...queueVariables, ...blobVariables, ...scrubVariables },
  insights: {
    ...busVariables,
    ...mongoVariables,
    ...queueVariables,
    ...blobVariables,
    ...scrubVariables,
    ...similarityVariables,
  },
  worker: { ...busVariables, ...queueVariables, ...blobVariables, ...workerVariables },
} as const;

export type AppName = keyof typeof APP_SETTINGS;

/** Variables that every Node.js process may have: none of them is a secret. */
const OF_ANY_PROCESS = new Set([
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'LANG', 'TZ', 'TMPDIR', 'LD_LIBRARY_PATH', 'LD_PRELOAD'],
  ...['NODE_ENV', 'NODE_OPTIONS', 'NODE_EXTRA_CA_CERTS', 'NODE_USE_SYSTEM_CA', 'NODE_ICU_DATA', 'NODE_V8_COVERAGE'],
  ...['OPENSSL_CONF', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'UV_THREADPOOL_SIZE', 'MALLOC_ARENA_MAX'],
]);

/**
 * Returns the names in an environment that an app may see: its own variables, those of any process, and `AWS_*` for apps
 * with a blob store, whose S3 client finds its credentials by itself.
 * @param app a name that is not in `APP_SETTINGS` gets the variables of any process
 */
export function variablesFor(app: string, names: readonly string[]): string[] {
  const own: object = (APP_SETTINGS as Readonly<Record<string, object>>)[app] ?? {};
  const isSeen = (name: string) =>
    name in own || OF_ANY_PROCESS.has(name) || name.startsWith('LC_') || ('BLOB_URL' in own && name.startsWith('AWS_'));
  return names.filter(isSeen);
}
