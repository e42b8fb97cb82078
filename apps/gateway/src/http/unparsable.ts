import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';

const ANSWERS: Readonly<Record<string, { status: number; message: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, message: 'The request did not come in time.' },
  HPE_HEADER_OVERFLOW: { status: 431, message: 'The URL and the headers are too long.' },
};
const OTHERWISE = { status: 400, message: 'This is no valid HTTP request.' };

/**
 * Answers what is no HTTP (an unknown method, a broken header). There is no path to tell the dialect by, so the body
 * is what all of them have in common: a code and a message.
 */
export function answerUnparsable(error: NodeJS.ErrnoException, socket: Socket): void {
  // After a reset there is nobody to talk to.
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const { status, message } = ANSWERS[error.code ?? ''] ?? OTHERWISE;
  if (socket.writable) {
    const body = JSON.stringify({ code: status, message });
    socket.write(
      `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\nConnection: close\r\n\r\n${body}`,
    );
  }
  socket.destroySoon();
}
