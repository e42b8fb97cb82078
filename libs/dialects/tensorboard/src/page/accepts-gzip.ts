import type { FastifyRequest } from 'fastify';

/** Returns whether an answer may be compressed with gzip: `Accept-Encoding` names it or `*`, with a weight above 0. */
export function acceptsGzip({ headers }: Pick<FastifyRequest, 'headers'>): boolean {
  const weights = new Map<string, number>();
  for (const part of String(headers['accept-encoding'] ?? '').split(',')) {
    const [coding = '', ...parameters] = part.split(';').map((each) => each.trim().toLowerCase());
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    weights.set(coding, weight === undefined ? 1 : Number(weight));
  }
  return (weights.get('gzip') ?? weights.get('x-gzip') ?? weights.get('*') ?? 0) > 0;
}
