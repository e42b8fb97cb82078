import { APP_SETTINGS } from '@pentaprism/config';
import { DIALECTS } from '@pentaprism/domain';
import { z } from 'zod';

const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|::1|\[::1\])$/;
/** Dialects that answer without a key on a loopback address, as their own specifications do. */
const OPEN_ON_LOOPBACK = ['tensorboard', 'tagged-images'];

export const gatewayConfig = z
  .object(APP_SETTINGS.gateway)
  .transform((config) => ({
    ...config,
    OPEN_DIALECTS: config.OPEN_DIALECTS ?? (LOOPBACK.test(config.HOST) ? OPEN_ON_LOOPBACK : []),
  }))
  .refine((config) => config.OPEN_DIALECTS.every((name) => (DIALECTS as readonly string[]).includes(name)), {
    path: ['OPEN_DIALECTS'],
    message: `must name dialects: ${DIALECTS.join(', ')}`,
  });

export type GatewayConfig = z.output<typeof gatewayConfig>;

/** Nest's token for the configuration. */
export const GATEWAY_CONFIG = Symbol('GatewayConfig');
