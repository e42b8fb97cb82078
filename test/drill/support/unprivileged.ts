import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

/** The user `nobody` of every Unix. */
const NOBODY = 65_534;

/** One thing that another user of the machine tries. */
export type Attempt =
  | { readonly kind: 'read'; readonly what: string; readonly path: string }
  | { readonly kind: 'list'; readonly what: string; readonly path: string }
  /** Bytes sent to a server of this machine, in hexadecimal. */
  | { readonly kind: 'send'; readonly what: string; readonly port: number; readonly bytes: string };

export interface Seen {
  readonly what: string;
  /** What came back; absent where the attempt was refused by the system. Bytes as Latin-1. */
  readonly answer?: string;
}

/** Nothing but Node.js, since the user can read no package of ours. Attempts come in by stdin, answers leave by stdout. */
const PROGRAM = `
const fs = require('fs'), net = require('net');
const send = ({ port, bytes }) => new Promise((resolve) => {
  let answer = '';
  const socket = net.connect(port, '127.0.0.1', () => socket.write(Buffer.from(bytes, 'hex')));
  socket.on('data', (data) => { answer += data.toString('latin1'); });
  socket.setTimeout(1500, () => socket.destroy());
  socket.on('error', () => undefined);
  socket.on('close', () => resolve(answer));
});
const tries = {
  read: ({ path }) => fs.readFileSync(path, 'latin1').slice(0, 4096),
  list: ({ path }) => fs.readdirSync(path).join(' '),
  send,
};
(async () => {
  const attempts = JSON.parse(fs.readFileSync(0, 'utf8'));
  const seen = await Promise.all(attempts.map(async (attempt) => {
    try { return { what: attempt.what, answer: await tries[attempt.kind](attempt) }; } catch { return { what: attempt.what }; }
  }));
  process.stdout.write(JSON.stringify(seen));
})();
`;

/** Why nothing can be tried as another user here; undefined where it can. */
export function whyNotAsNobody(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root can become another user';
  const { status } = spawnSync(process.execPath, ['-e', '0'], { uid: NOBODY, gid: NOBODY, cwd: '/' });
  return status === 0 ? undefined : `${process.execPath} cannot be run by another user`;
}

/** Makes the attempts as `nobody`, at once, and returns what each of them saw. */
export async function asNobody(attempts: readonly Attempt[]): Promise<Seen[]> {
  const child = spawn(process.execPath, ['-e', PROGRAM], {
    uid: NOBODY,
    gid: NOBODY,
    cwd: '/',
    env: {},
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  child.stdin.end(JSON.stringify(attempts));
  let output = '';
  for await (const chunk of child.stdout) output += String(chunk);
  const [code] = (await exited) as [number | null];
  if (code !== 0) throw new Error(`the process of another user ended with ${code}`);
  return JSON.parse(output) as Seen[];
}
