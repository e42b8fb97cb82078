import type { DomainError } from '@pentaprism/domain';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';

export interface StartedServer {
  readonly port: number;
  /** `http://127.0.0.1:port`, or the address it was started at. */
  readonly url: string;
  /** Connections that were ever made. */
  readonly connections: () => number;
  /** Those that are open. */
  readonly open: () => number;
  readonly requests: IncomingMessage[];
  close(): Promise<void>;
}

/** A web server that counts who comes, on every address of the loopback network if wanted. */
export async function startWebServer(answer: RequestListener, host = '127.0.0.1'): Promise<StartedServer> {
  const requests: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    requests.push(request);
    answer(request, response);
  });
  return { requests, ...(await startServer(server, host)) };
}

export async function startServer(server: Server, host = '127.0.0.1'): Promise<Omit<StartedServer, 'requests'>> {
  const sockets = new Set<Socket>();
  let connections = 0;
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    url: `http://${host}:${port}`,
    connections: () => connections,
    open: () => sockets.size,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** What every failure of a source looks like. */
export const FAILED = { code: 'UPSTREAM_FAILED', message: 'There is no image to be had at this URL.', details: {} };

/** The error as a client sees it. */
export function outcome(
  work: Promise<unknown>,
): Promise<'fetched' | Pick<DomainError, 'code' | 'message' | 'details'>> {
  return work.then(
    () => 'fetched' as const,
    ({ code, message, details }: DomainError) => ({ code, message, details }),
  );
}

export function redirect(response: ServerResponse, location?: string, status = 302): void {
  response.writeHead(status, location === undefined ? {} : { location }).end('elsewhere');
}
