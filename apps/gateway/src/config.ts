import { APP_SETTINGS } from '@pentaprism/config';
import { DIALECTS } from '@pentaprism/domain';
import { z } from 'zod';

/** The names of loopback addresses, as HOST and as a Host header have them. */
export const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/;
/** Dialects that answer without a key on a loopback address, as their own specifications do. */
const OPEN_ON_LOOPBACK = ['tensorboard', 'tagged-images'];

/** The value of OPEN_DIALECTS that closes all. */
const NONE = 'none';

export const gatewayConfig = z
  .object(APP_SETTINGS.gateway)
  .transform((config) => ({ ...config, OPEN_DIALECTS: openDialects(config) }))
  .refine((config) => config.OPEN_DIALECTS.every((name) => (DIALECTS as readonly string[]).includes(name)), {
    path: ['OPEN_DIALECTS'],
    message: `must be none, or name dialects: ${DIALECTS.join(', ')}`,
  });

function openDialects({ OPEN_DIALECTS, HOST }: { OPEN_DIALECTS?: string[] | undefined; HOST: string }): string[] {
  if (OPEN_DIALECTS === undefined) return LOOPBACK.test(HOST) ? OPEN_ON_LOOPBACK : [];
  return OPEN_DIALECTS.length === 1 && OPEN_DIALECTS[0] === NONE ? [] : OPEN_DIALECTS;
}

export type GatewayConfig = z.output<typeof gatewayConfig>;

/** Milliseconds that any request may take as a whole. */
const LEAST_REQUEST_MS = 15 * 60 * 1000;
/** Bytes per second at which the largest upload still arrives in time. */
const LEAST_UPLOAD_RATE = 1024 ** 2;

/** Returns the milliseconds for a whole request. Node.js has one limit for all requests. */
export function requestLimitMs({ MAX_DATASET_BYTES }: Pick<GatewayConfig, 'MAX_DATASET_BYTES'>): number {
  return Math.max(LEAST_REQUEST_MS, Math.ceil(MAX_DATASET_BYTES / LEAST_UPLOAD_RATE) * 1000);
}

/** Nest's token for the configuration. */
export const GATEWAY_CONFIG = Symbol('GatewayConfig');
