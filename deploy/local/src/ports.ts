import { createServer } from 'node:net';
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { errorCode, errorMessage, LauncherError } from './launcher-error.js';

const LOOPBACK = '127.0.0.1';

/**
 * Below the range from which Linux (32768) and others (49152) take the ports of outgoing connections: such a
 * connection could hold a server's port at the moment when the server is restarted.
 */
const LOWEST = 21_000;
const HIGHEST = 31_999;

/** @returns undefined when the address can be listened on, otherwise the system's error code (`EADDRINUSE`, ...) */
export function listenError(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (error) => resolve(errorCode(error) ?? errorMessage(error)));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}

/** A port on which nothing listens now, and which is not among those `taken`. */
export async function freePort(host = LOOPBACK, taken: ReadonlySet<number> = new Set()): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST + 1));
    if (!taken.has(port) && (await listenError(host, port)) === undefined) return port;
  }
  throw new LauncherError(`No free port was found on ${host} between ${LOWEST} and ${HIGHEST}: stop what uses them.`);
}

/** @throws LauncherError with one sentence for each way in which the gateway's address can be unusable */
export async function assertListenable(host: string, port: number): Promise<void> {
  const code = await listenError(host, port);
  if (code === undefined) return;
  const other = port + 1 > 65_535 ? 3000 : port + 1;
  const sentences: Record<string, string> = {
    EADDRINUSE: `Port ${port} is in use; stop what uses it or choose another: PORT=${other} npm start.`,
    EACCES: `Port ${port} needs the rights of an administrator; choose one above 1023: PORT=3000 npm start.`,
    EADDRNOTAVAIL: `HOST=${host} is no address of this machine; use one that is, or 127.0.0.1.`,
    ENOTFOUND: `HOST=${host} is not known to this machine; use one of its addresses, or 127.0.0.1.`,
  };
  throw new LauncherError(
    sentences[code] ?? `Nothing can listen on ${host}:${port} (${code}); choose another address.`,
  );
}

/**
 * Returns the ports of the embedded servers: those of the last start, and free ones for servers that have none or whose
 * port is busy.
 * @param file JSON, name to port
 */
export async function choosePorts<Name extends string>(
  file: string,
  names: readonly Name[],
): Promise<Record<Name, number>> {
  const known = readPorts(file);
  const chosen = new Map<string, number>();
  for (const name of names) {
    const remembered = known[name];
    const taken = new Set(chosen.values());
    const usable =
      remembered !== undefined && !taken.has(remembered) && (await listenError(LOOPBACK, remembered)) === undefined;
    chosen.set(name, usable ? remembered : await freePort(LOOPBACK, taken));
  }
  return Object.fromEntries(chosen) as Record<Name, number>;
}

/** Stores the ports for the next start. Writes nothing if they are known: a start on a full disk needs no space then. */
export function rememberPorts(file: string, ports: Readonly<Record<string, number>>): void {
  const known = readPorts(file);
  if (Object.entries(ports).every(([name, port]) => known[name] === port)) return;
  const temporary = path.join(path.dirname(file), `ports.${process.pid}.tmp`);
  try {
    writeFileSync(temporary, `${JSON.stringify({ ...known, ...ports }, null, 2)}\n`, { mode: 0o600 });
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

function readPorts(file: string): Record<string, number> {
  try {
    const entries = Object.entries(JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>);
    return Object.fromEntries(
      entries.filter((entry): entry is [string, number] => {
        const port = entry[1];
        return Number.isInteger(port) && (port as number) > 0 && (port as number) <= 65_535;
      }),
    );
  } catch {
    return {};
  }
}
