import type { FastifyRequest } from 'fastify';

/**
 * Scheme, host and port as the client used them, e.g. `http://127.0.0.1:3000`. `X-Forwarded-*` count only where the
 * gateway is told to trust its proxy; the host was checked when the request came in.
 */
export function originOf(request: FastifyRequest): string {
  // A proxy passes on what it was sent: nothing but these two is a scheme here.
  const scheme = request.protocol === 'https' ? 'https' : 'http';
  return `${scheme}://${request.host}`;
}

/** The origin of absolute URLs in answers: the configured one, or else the one that the client used. */
export class PublicOrigin {
  constructor(private readonly configured: string | undefined) {}

  of(request: FastifyRequest): string {
    return this.configured ?? originOf(request);
  }
}

const HOST = /^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/;

/** Whether a Host header can be put into a URL as it is. */
export function isHost(host: string): boolean {
  return host.length <= 255 && HOST.test(host);
}
