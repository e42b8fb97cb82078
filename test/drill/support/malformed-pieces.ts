import type { Random } from '@pentaprism/domain';
import { basic } from '../../e2e/support/filters.js';
import { wholeWithin } from '../drill.js';

/** What a malformed request is made of. */
export interface Target {
  readonly method: string;
  readonly path: string;
  readonly key: string;
  /** A body that the route takes. */
  readonly body: string;
}

export type Piece = string | Buffer;

export const head = ({ method, path, key }: Target, more: readonly string[] = []) =>
  [
    `${method} ${path} HTTP/1.1`,
    'Host: 127.0.0.1',
    // These APIs take no other scheme, and look at nothing else without a key.
    `Authorization: ${path.startsWith('/api/dsio/') ? basic('', key) : `Bearer ${key}`}`,
    'Connection: close',
    ...more,
  ].join('\r\n');

/** With its true length, as most clients send it. */
export const withBody = (target: Target, type: string, body: Buffer, more: readonly string[] = []): Piece[] => [
  `${head(target, [`Content-Type: ${type}`, `Content-Length: ${body.length}`, ...more])}\r\n\r\n`,
  body,
];

/** Some bytes are others. */
export function flipped(random: Random, bytes: Buffer, count: number): Buffer {
  const copy = Buffer.from(bytes);
  for (let i = 0; i < count; i++) copy[wholeWithin(random, 0, copy.length - 1)] = wholeWithin(random, 0, 255);
  return copy;
}

export function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => wholeWithin(random, 0, 255)));
}
