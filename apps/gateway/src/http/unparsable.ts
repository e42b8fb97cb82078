import { DomainError } from '@pentaprism/domain';
import type { Asked } from '@pentaprism/http';
import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { canonicalUrl, dialectOf } from '../dialects.js';

const ANSWERS: Readonly<Record<string, { status: number; message: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The request did not come in time.' },
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The URL and the headers are too long.' },
};
const OTHERWISE = { status: 400, message: 'This is no valid HTTP request.' };

/** What Node.js tells of what it could not parse. */
interface ParseError extends NodeJS.ErrnoException {
  /** The bytes that the fault is in, with what came together with them: a Buffer, whatever Fastify's types say. */
  readonly rawPacket?: unknown;
}

/** The request that is under way on a connection: its body may be what turns out to be no HTTP. */
const underWay = new WeakMap<Socket, IncomingMessage>();

export function rememberRequest(raw: IncomingMessage): void {
  underWay.set(raw.socket, raw);
}

/**
 * Answers what is no HTTP (an unknown method, a broken header, a chunk that is none) in the words of the dialect that its
 * path belongs to. Where no path can be told, the body is what all of them have in common: a code and a message.
 */
export function answerUnparsable(error: ParseError, socket: Socket): void {
  // After a reset there is no connection to answer on.
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const { status, message } = ANSWERS[error.code ?? ''] ?? OTHERWISE;
  if (socket.writable) {
    const { type, text } = written(status, message, askedOn(socket, error.rawPacket));
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: ${type}\r\n` +
        `Content-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
    );
  }
  socket.destroySoon();
}

function written(status: number, message: string, asked: Asked | undefined): { type: string; text: string } {
  const type = 'application/json';
  if (!asked) return { type, text: JSON.stringify({ code: status, message }) };
  const dialect = dialectOf(asked.path);
  const body = dialect.errorBody(status, new DomainError('INVALID_ARGUMENT', message), asked);
  return dialect.writeError?.(body, asked) ?? { type, text: JSON.stringify(body) };
}

/** Of a request whose headers could not be parsed, the first line may be at hand still. */
function askedOn(socket: Socket, packet: unknown): Asked | undefined {
  const request = underWay.get(socket);
  if (request && !request.complete) return { path: request.url ?? '', headers: request.headers };
  const [, url] = /^[A-Z]{1,20} (\/[\x21-\x7e]*)/.exec(Buffer.isBuffer(packet) ? packet.toString('latin1') : '') ?? [];
  return url === undefined ? undefined : { path: canonicalUrl(url), headers: {} };
}
