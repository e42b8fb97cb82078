import { DEFAULT_MAX_DATASET_BYTES } from '@pentaprism/domain';
import { z } from 'zod';
import { isAddressRange } from './address-range.js';

/** A list of words separated by commas; blanks around them and empty ones are dropped. */
const words = z.string().transform((text) =>
  text
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== ''),
);

const url = (...schemes: string[]) =>
  z
    .string()
    .refine((text) => schemes.some((scheme) => text.startsWith(`${scheme}:`)), `must be a ${schemes.join(' or ')} URL`);

/** Whether a request could be sent to a path below it; `fetch` refuses URLs with credentials. */
function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text) || /[?#]/.test(text)) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}

/** Characters of the secret in a configured key: 32 hexadecimal digits are 128 bits. */
const SHORTEST_SECRET = 32;
/** Different characters in it: 32 random hexadecimal digits have fewer once in a million times. */
const FEWEST_CHARACTERS = 8;

function isHardToGuess(key: string): boolean {
  const secret = key.slice(key.indexOf('.') + 1);
  return secret.length >= SHORTEST_SECRET && new Set(secret).size >= FEWEST_CHARACTERS;
}

const wholeNumber = (min: number, max: number) => z.coerce.number().int().min(min).max(max);

/** What every app reads. */
export const busVariables = {
  NATS_URL: url('nats', 'tls'),
  /** Set apart several installations on one NATS; ends in a dot when not empty. */
  SUBJECT_PREFIX: z
    .string()
    .regex(/^(?:[A-Za-z0-9_-]+\.)*$/, 'must be words that each end in a dot')
    .default(''),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  /** Absolute path of a file that the process touches while it lives: orchestrators probe services by it. */
  HEARTBEAT_FILE: z.string().startsWith('/', 'must be an absolute path').optional(),
  /** Seconds that finishing what was begun may take after SIGTERM; the default is below the launcher's patience. */
  STOP_LIMIT: wholeNumber(1, 3600).default(7),
};

export const mongoVariables = { MONGODB_URI: url('mongodb', 'mongodb+srv') };

export const queueVariables = {
  REDIS_URL: url('redis', 'rediss'),
  QUEUE_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9_-]+$/)
    .default('pentaprism'),
};

export const blobVariables = {
  BLOB_URL: url('file', 's3'),
  /** Free bytes of a `file:` store below which nothing more is stored; 0 for no floor. */
  BLOB_MIN_FREE: wholeNumber(0, 2 ** 50).default(512 * 1024 ** 2),
  /** Where clients reach the server of an `s3:` URL, if not where the apps do: host and port of presigned URLs. */
  BLOB_PUBLIC_URL: url('http', 'https').optional(),
  /** The usual variables of S3 clients. Credentials are read by the client itself. */
  AWS_ENDPOINT_URL_S3: url('http', 'https').optional(),
  AWS_ENDPOINT_URL: url('http', 'https').optional(),
  AWS_REGION: z.string().optional(),
  AWS_DEFAULT_REGION: z.string().optional(),
};

export const uploadVariables = {
  /** Bytes of one file sent to a presigned URL. */
  MAX_UPLOAD_BYTES: wholeNumber(1, 5 * 1024 ** 3).default(100 * 1024 * 1024),
  /** Bytes of an upload that becomes a dataset. */
  MAX_DATASET_BYTES: wholeNumber(1, 50 * 1024 ** 3).default(DEFAULT_MAX_DATASET_BYTES),
};

/** Signs URLs and hashes API keys: the first secret signs, all of them verify, so that they can be rotated. */
export const secretVariables = {
  SIGNING_SECRETS: words.pipe(z.array(z.string().min(32, 'each secret needs at least 32 characters')).min(1)),
};

const MAX_HOPS = 10;

/** Hops to trust, 0 for none, or the networks of the proxies. */
const trustedProxies = z
  .string()
  .default('false')
  .transform((text, context): number | string[] => {
    if (text === 'false') return 0;
    // Never all of them: the leftmost address of X-Forwarded-For is whatever the client wrote.
    if (text === 'true') return 1;
    if (/^\d+$/.test(text) && Number(text) <= MAX_HOPS) return Number(text);
    const ranges = text.split(',').map((range) => range.trim());
    if (ranges.every(isAddressRange)) return ranges;
    const message = `must be true, false, a number of hops up to ${MAX_HOPS}, or addresses and networks such as 10.0.0.0/8`;
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  });

export const gatewayVariables = {
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber(0, 65535).default(3000),
  PUBLIC_URL: url('http', 'https')
    .transform((text) => text.replace(/\/+$/, ''))
    .optional(),
  /** The proxies whose X-Forwarded-* headers are trusted: how many hops there are, or the networks that they are in. */
  TRUST_PROXY: trustedProxies,
  SIGNED_URL_TTL: wholeNumber(1, 7 * 24 * 3600).default(3600),
  CORS_ORIGINS: words.default([]),
  OPEN_DIALECTS: words.optional(),
  /** Host names, besides its own, that a gateway on a loopback address answers to without a key. */
  ALLOWED_HOSTS: words.transform((names) => names.map((name) => name.toLowerCase())).default([]),
  /** A key that `/metrics` then requires. */
  METRICS_KEY: z.string().min(16, 'needs at least 16 characters').optional(),
  /** Requests of one key (or address, without a key) per ten seconds. */
  RATE_LIMIT: wholeNumber(1, 1_000_000).default(20_000),
  /** Failed authentications of one address with one key id per ten seconds. */
  AUTH_FAILURE_LIMIT: wholeNumber(1, 1_000_000).default(100),
  /** Failed authentications of one address per ten seconds, whatever the key ids are. */
  AUTH_FAILURE_ADDRESS_LIMIT: wholeNumber(1, 1_000_000).default(1000),
  /**
   * Bytes of memory for request bodies that are read whole, of all requests to one gateway together. The process takes
   * more, since memory is free only after a garbage collection.
   */
  BODY_MEMORY: wholeNumber(16 * 1024 ** 2, 64 * 1024 ** 3).default(64 * 1024 ** 2),
  /** A directory on the file system of MongoDB's data, whose free space is watched. None where MongoDB runs elsewhere. */
  RECORDS_DIRECTORY: z.string().startsWith('/', 'must be an absolute path').optional(),
  /** Free bytes there below which nothing more is recorded; lower than BLOB_MIN_FREE, and 0 for no floor. */
  RECORDS_MIN_FREE: wholeNumber(0, 2 ** 50).default(256 * 1024 ** 2),
  /** Seconds without a byte after which a connection is given up. */
  IDLE_TIMEOUT: wholeNumber(1, 3600).default(30),
  /**
   * Seconds between SIGTERM and the end of listening: a load balancer has to notice that the gateway is not ready any
   * more, and clients that keep connections to move. None on one machine, where Ctrl-C should be quick.
   */
  DRAIN_DELAY: wholeNumber(0, 600).default(0),
  /** Absolute path of TensorBoard's frontend: the `webfiles.zip` of its Python package. */
  TENSORBOARD_WEBFILES: z.string().startsWith('/', 'must be an absolute path').optional(),
  ...uploadVariables,
};

export const radiographVariables = {
  /** Seconds from the creation of a radiograph, or of a session that is kept here, to its end. */
  FILTERS_TTL: wholeNumber(1, 30 * 24 * 3600).default(8 * 3600),
};

/** The device software that radiographs can be copied from; without a URL, sessions are kept here. */
export const modalityVariables = {
  MODALITY_API_URL: url('http', 'https')
    .refine((text) => isPlainUrl(text), 'must be a URL without a user, a password, a query or a fragment')
    .transform((text) => text.replace(/\/+$/, ''))
    .optional(),
  /** For Basic authentication, where a colon would end it. */
  MODALITY_API_USER: z
    .string()
    .regex(/^[^:]*$/, 'must not contain a colon')
    .optional(),
  MODALITY_API_PASSWORD: z.string().optional(),
  /** Seconds that the device may be silent. */
  MODALITY_TIMEOUT: wholeNumber(1, 30).default(5),
};

/** Event files of TensorBoard, which belong to the workspace `default`. */
export const eventLogVariables = {
  /** The directory whose runs are shown. No directory is followed without it. */
  TENSORBOARD_LOGDIR: z.string().startsWith('/', 'must be an absolute path').optional(),
  /** Seconds from one look at the directory to the next. */
  TENSORBOARD_RELOAD_INTERVAL: wholeNumber(1, 3600).default(2),
  /** Events that are kept of each tag, or 0 for all. */
  TENSORBOARD_SAMPLES: wholeNumber(0, 10_000).default(10),
};

export const urlImportVariables = {
  /** Addresses and networks that images may be fetched from for a user, besides those of the internet. */
  URL_IMPORT_ALLOW: words
    .pipe(z.array(z.string().refine(isAddressRange, 'must be addresses or networks, as 192.0.2.1 or 10.1.0.0/16')))
    .default([]),
};

/** Of services that remove blobs which no record refers to. */
export const graceVariables = {
  /** Seconds that bytes stay in the blob store after nothing points to them any more. */
  BLOB_GRACE: wholeNumber(0, 30 * 24 * 3600).default(3600),
};

export const catalogVariables = {
  /** The first API key: `id.secret`, or a bare secret. */
  PENTAPRISM_OWNER_KEY: z
    .string()
    .refine(isHardToGuess, 'needs a random secret of at least 32 characters, alone or behind an id and a dot'),
  ...graceVariables,
};

/** Of services whose records refer to blobs. */
export const scrubVariables = {
  /** Bytes per second that the scrub reads of the blob store, to find damaged ones; 0 for no scrub. */
  BLOB_SCRUB_RATE: wholeNumber(0, 2 ** 40).default(4 * 1024 ** 2),
  /** Seconds from the end of one pass of the scrub to the beginning of the next. */
  BLOB_SCRUB_PAUSE: wholeNumber(0, 365 * 24 * 3600).default(24 * 3600),
};

export const similarityVariables = {
  /** Mebibytes of the embeddings that are compared with one another, and are kept in memory. */
  SIMILARITY_MEMORY: wholeNumber(64, 1024 * 1024).default(640),
};

const cores = wholeNumber(1, 256);

export const workerVariables = {
  /** Decode processes, and so jobs, at once; default: one per core. */
  WORKER_CONCURRENCY: cores.optional(),
  /** Path of an ONNX file with an embedding output, in the place of the one that comes along. */
  BACKBONE_MODEL: z.string().min(1).optional(),
  /** What trains heads; default: node if `@tensorflow/tfjs-node` is installed, else wasm. */
  TENSORFLOW_BACKEND: z.enum(['node', 'wasm', 'cpu']).optional(),
};
