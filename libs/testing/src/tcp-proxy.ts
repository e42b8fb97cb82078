import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to a server that a test can take away. */
export interface TcpProxy {
  /** Origin that leads to the server behind it. */
  readonly origin: string;
  /** Refuses and resets connections, as when the server is gone. */
  cut(): void;
  /** Takes everything and passes nothing on, as when the network swallows packets. */
  stall(): void;
  restore(): void;
  close(): Promise<void>;
}

/** @param target origin of the server, e.g. `http://127.0.0.1:4566` */
export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let state: 'open' | 'cut' | 'stalled' = 'open';
  const track = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    return socket;
  };
  const server = createServer((client) => {
    track(client);
    if (state === 'cut') return client.resetAndDestroy();
    const upstream = track(connect(Number(port), hostname));
    const pass = (from: Socket, to: Socket) => {
      from.on('data', (chunk) => state === 'open' && to.write(chunk));
      from.on('close', () => to.destroy());
    };
    pass(client, upstream);
    pass(upstream, client);
    return undefined;
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const reset = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: () => {
      state = 'cut';
      reset();
    },
    stall: () => {
      state = 'stalled';
    },
    restore: () => {
      state = 'open';
      // A stalled connection has lost what it swallowed.
      reset();
    },
    close: async () => {
      reset();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
