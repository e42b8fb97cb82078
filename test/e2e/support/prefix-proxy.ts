import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PrefixProxy {
  readonly origin: string;
  /** Paths that it was asked for, as its client wrote them. */
  readonly paths: readonly string[];
  close(): void;
}

/**
 * Starts a proxy that serves another server below a prefix, as notebook servers do: it cuts the prefix off. At `/` it has a
 * page of its own.
 */
export async function startPrefixProxy(target: string, prefix: string, ownPage: string): Promise<PrefixProxy> {
  const paths: string[] = [];
  const server = createServer((incoming, outgoing) => {
    const { method, url = '/' } = incoming;
    paths.push(url);
    if (url === '/') return void outgoing.setHeader('Content-Type', 'text/html').end(ownPage);
    if (!url.startsWith(`${prefix}/`)) return void outgoing.writeHead(404).end();
    const { host: _host, ...headers } = incoming.headers;
    const forwarded = request(target + url.slice(prefix.length), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = () => {
    server.close();
    server.closeAllConnections();
  };
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, paths, close };
}
