import { isIP } from 'node:net';
import type { ServerUrls } from './instance.js';
import { LauncherError } from './launcher-error.js';

export interface Settings {
  readonly help: boolean;
  readonly verbose: boolean;
  readonly host: string;
  readonly port: number;
  readonly dataDirectory: string;
  /** Servers of the environment, used instead of embedded ones. */
  readonly servers: Partial<ServerUrls>;
  /** Whether the Tagged Image Manager dialect asks for a key. */
  readonly taggedImagesNeedKey: boolean;
}

/** @throws LauncherError for an unknown argument or an impossible value */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): Settings {
  const unknown = args.find((argument) => !['--verbose', '--help', '-h'].includes(argument));
  if (unknown !== undefined) throw new LauncherError(`There is no option ${unknown}; see npm start -- --help.`);
  const host = env['HOST'] || '127.0.0.1';
  const port = Number(env['PORT'] || 3000);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    throw new LauncherError(`PORT=${env['PORT']} is no port: give a number from 0 (a free one) to 65535.`);
  }
  const open = env['OPEN_DIALECTS'] ?? (isLoopback(host) ? 'tensorboard,tagged-images' : '');
  const given = { mongodbUri: env['MONGODB_URI'], natsUrl: env['NATS_URL'], redisUrl: env['REDIS_URL'] };
  return {
    help: args.includes('--help') || args.includes('-h'),
    // `npm start --verbose` without the two dashes is an option of npm, which passes it on in this way.
    verbose: args.includes('--verbose') || env['npm_config_loglevel'] === 'verbose',
    host,
    port,
    dataDirectory: env['PENTAPRISM_DATA'] || './.pentaprism',
    servers: Object.fromEntries(Object.entries(given).filter(([, url]) => url)) as Partial<ServerUrls>,
    taggedImagesNeedKey: !open.split(',').some((name) => name.trim() === 'tagged-images'),
  };
}

function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
