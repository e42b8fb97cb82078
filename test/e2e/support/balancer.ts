import { once } from 'node:events';
import { get } from 'node:http';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

const PROBE_EVERY_MS = 250;
const PROBE_LIMIT_MS = 4000;
/** Failures in a row that take a gateway out, a second of them: one late answer of a busy machine does not. */
const FAILURE_THRESHOLD = 4;

export interface Backend {
  readonly name: string;
  readonly port: number;
}

/**
 * What a Service of Kubernetes does: gives each new connection to one of the gateways that say they are ready, and lets it
 * stay there. It knows nothing of HTTP, retries nothing, and passes on every end and every reset.
 */
export class Balancer {
  private readonly ready = new Set<Backend>();
  private readonly looks = new Map<Backend, { begun: number; applied: number; failures: number }>();
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private readonly timers: NodeJS.Timeout[] = [];
  private turn = 0;

  constructor(
    private readonly backends: readonly Backend[],
    private readonly log: (line: string) => void = () => undefined,
  ) {
    // Half-closed connections stay half-closed, as they do where packets are only rewritten.
    this.server = createServer({ allowHalfOpen: true }, (client) => this.forward(client));
  }

  /** @returns the origin for clients */
  async listen(): Promise<string> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    for (const backend of this.backends) {
      void this.probe(backend);
      this.timers.push(setInterval(() => void this.probe(backend), PROBE_EVERY_MS));
    }
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  isReady(name: string): boolean {
    return [...this.ready].some((backend) => backend.name === name);
  }

  close(): void {
    for (const timer of this.timers) clearInterval(timer);
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private async probe(backend: Backend): Promise<void> {
    const look = this.looks.get(backend) ?? { begun: 0, applied: 0, failures: 0 };
    this.looks.set(backend, look);
    const number = (look.begun += 1);
    const { status, body } = await new Promise<{ status: number; body: string }>((resolve) => {
      const request = get({ port: backend.port, path: '/health/ready', agent: false, timeout: PROBE_LIMIT_MS });
      request.on('response', (response) => {
        response.toArray().then(
          (chunks: Buffer[]) => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
          (error: unknown) => resolve({ status: 0, body: String(error) }),
        );
      });
      request.on('timeout', () => request.destroy(new Error('no answer')));
      request.on('error', (error) => resolve({ status: 0, body: error.message }));
    });
    // A slow answer tells how things were, and a later look knows better.
    if (number < look.applied) return;
    look.applied = number;
    look.failures = status === 200 ? 0 : look.failures + 1;
    if (status === 200) this.ready.add(backend);
    else if (look.failures >= FAILURE_THRESHOLD && this.ready.delete(backend))
      this.log(`${backend.name} is out: ${status} ${/"missing":\[[^\]]*\]/.exec(body)?.[0] ?? body}`);
  }

  private forward(client: Socket): void {
    const candidates = [...this.ready].sort((a, b) => a.port - b.port);
    const backend = candidates[this.turn++ % candidates.length];
    this.hold(client);
    if (!backend) return void client.resetAndDestroy();
    const upstream = connect({ port: backend.port, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    client.setNoDelay(true);
    this.hold(upstream);
    this.join(client, upstream);
    this.join(upstream, client);
  }

  private join(from: Socket, to: Socket): void {
    from.pipe(to);
    from.on('error', () => to.resetAndDestroy());
    from.on('close', () => to.destroySoon());
  }

  private hold(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
  }
}

/** A port that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
