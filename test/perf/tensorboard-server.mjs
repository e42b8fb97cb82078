import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import path from 'node:path';
import { pythonEnvironment } from '../support/python-environment.mjs';
import { until } from './system.mjs';

const VERSION = '2.21.0';
const INSTALLED = path.resolve(import.meta.dirname, `../../.pentaprism/clients/tensorboard-${VERSION}`);
const START_LIMIT_MS = 120_000;

/** Installs TensorBoard from PyPI, once. @returns {string} path of its Python @throws where it cannot be had */
export function installTensorBoard() {
  return pythonEnvironment(INSTALLED, [`tensorboard==${VERSION}`]);
}

/** A TensorBoard on a log directory. */
export class TensorBoard {
  /**
   * Starts it and waits for its first answer.
   * @param {string} python @param {string} directory
   * @param {'data server' | 'Python loader'} loader
   */
  static async start(python, directory, loader = 'data server') {
    const port = await freePort();
    const fast = loader === 'data server';
    const args = ['-m', 'tensorboard.main', '--logdir', directory, '--port', `${port}`, '--host', '127.0.0.1'];
    const child = spawn(python, [...args, `--load_fast=${fast}`, '--reload_interval', '1'], { stdio: 'ignore' });
    const server = new TensorBoard(`http://127.0.0.1:${port}`, child);
    const answers = () =>
      fetch(`${server.url}/data/environment`).then(
        ({ ok }) => ok,
        () => false,
      );
    try {
      await until(answers, START_LIMIT_MS);
    } catch (error) {
      await server.stop();
      throw error;
    }
    return server;
  }

  /** @param {string} url @param {import('node:child_process').ChildProcess} child */
  constructor(url, child) {
    this.url = url;
    this.child = child;
    this.kill = () => child.kill('SIGKILL');
    process.once('exit', this.kill);
  }

  async stop() {
    process.removeListener('exit', this.kill);
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGTERM');
    await ended;
  }
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  return port;
}
