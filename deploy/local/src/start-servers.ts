import { Instance, type Observer, type ServerUrls } from './instance.js';
import type { Part } from './part.js';
import type { ServerName } from './server-definitions.js';

export interface StartServersOptions {
  /** Created when it does not exist; a temporary one for tests. */
  readonly dataDirectory: string;
  /** Servers that run elsewhere and are used instead. The environment is not asked: tests must not touch a real one. */
  readonly external?: Partial<ServerUrls>;
  /** Where binaries are looked for. */
  readonly env?: NodeJS.ProcessEnv;
  readonly observer?: Observer;
  readonly signal?: AbortSignal;
}

export interface RunningServers extends ServerUrls {
  /** The embedded servers, to be killed, stopped, started and restarted by tests. */
  readonly parts: ReadonlyMap<ServerName, Part>;
  /** Stops them in at most 10 s; the data stays. */
  stop(): Promise<void>;
  /** Ends them at once, without waiting; for signal and exit handlers. */
  kill(): void;
}

/**
 * Starts MongoDB (a replica set of one), NATS with JetStream and Valkey as child processes, and watches over them.
 * @throws LauncherError with one sentence that says what to do
 */
export async function startServers(options: StartServersOptions): Promise<RunningServers> {
  const instance = await Instance.open({
    ...options,
    env: options.env ?? process.env,
    databases: 'any',
    subjectPrefix: '*.',
    natsOperator: true,
  });
  try {
    const urls = await instance.untilAborted(instance.startServers(options.external ?? {}));
    return {
      ...urls,
      parts: instance.supervisor.parts as ReadonlyMap<string, Part> as ReadonlyMap<ServerName, Part>,
      stop: () => instance.close(),
      kill: () => instance.kill(),
    };
  } catch (error) {
    await instance.close();
    throw error;
  }
}
