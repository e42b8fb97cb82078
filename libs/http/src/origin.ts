import type { FastifyRequest } from 'fastify';

/**
 * Scheme, host and port as the client used them, e.g. `http://127.0.0.1:3000`. `X-Forwarded-*` count only where the
 * gateway is told to trust its proxy; the host was checked when the request came in.
 */
export function originOf(request: FastifyRequest): string {
  return `${request.protocol}://${request.host}`;
}

const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/** Whether a Host header can be put into a URL as it is. */
export function isHost(host: string): boolean {
  return host.length <= 255 && HOST.test(host);
}
