import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import mongoose from 'mongoose';
import { CLEAN_SETTINGS, createTemporaryDirectory, startStack } from '../../deploy/local/dist/index.js';

/** Nothing may be refused for coming too fast. */
const ENVIRONMENT = { ...CLEAN_SETTINGS, RATE_LIMIT: '1000000' };

/** The system under test: in a temporary directory, on free ports, gone afterwards also when the bench is interrupted. */
export class System {
  static async start() {
    const directory = createTemporaryDirectory();
    const system = new System(directory);
    try {
      await system.up();
    } catch (error) {
      directory.remove();
      throw error;
    }
    for (const [signal, code] of Object.entries({ SIGINT: 130, SIGTERM: 143, SIGHUP: 129 }))
      process.once(signal, () => process.exit(code));
    process.once('exit', () => {
      system.stack.kill();
      directory.remove();
    });
    return system;
  }

  /** @param {import('@pentaprism/local').TemporaryDirectory} directory */
  constructor(directory) {
    this.directory = directory;
  }

  /** @returns seconds until it was ready */
  async up() {
    const startedAt = performance.now();
    this.stack = await startStack({ dataDirectory: this.directory.path, port: 0, env: ENVIRONMENT });
    this.startSeconds = (performance.now() - startedAt) / 1000;
    this.database = await mongoose.createConnection(this.stack.servers.mongodbUri).asPromise();
    return this.startSeconds;
  }

  async down() {
    await this.database.close();
    await this.stack.stop();
  }

  /** A workspace of one part's own. @param {string} name */
  async workspace(name) {
    const owner = new Client(this.stack.url, this.stack.ownerKey);
    const { key } = await owner.json('POST', '/keys', { name, role: 'editor', workspace: name });
    const { libraryId } = await this.database.collection('workspaces').findOne({ _id: name });
    return { name, key, libraryId, client: new Client(this.stack.url, key) };
  }

  /** Processes of the whole stack: its parts, and what those have started. */
  processes() {
    const wanted = new Set([...this.stack.parts.values()].map((part) => part.pid));
    const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
    const parents = new Map(all.map((pid) => [Number(pid), parentOf(pid)]));
    for (let found = true; found;) {
      found = false;
      for (const [pid, parent] of parents) {
        if (!wanted.has(parent) || wanted.has(pid)) continue;
        wanted.add(pid);
        found = true;
      }
    }
    return [...wanted];
  }
}

/** @param {string} pid */
function parentOf(pid) {
  try {
    return Number(readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ')[1]);
  } catch {
    return 0;
  }
}

/** HTTP with kept connections and as little work as possible: it takes its share of the same cores. */
export class Client {
  /** @param {string} url @param {string} key */
  constructor(url, key) {
    this.url = url;
    /** Of every request. @type {Record<string, string>} */
    this.headers = { Authorization: `Bearer ${key}` };
    this.agent = new http.Agent({ keepAlive: true, maxSockets: 64 });
  }

  /**
   * @param {string} method @param {string} path or an absolute URL
   * @param {Buffer | readonly Buffer[]} [body] @param {string} [contentType]
   * @returns {Promise<{ status: number, headers: http.IncomingHttpHeaders, text: string }>}
   */
  send(method, path, body, contentType = 'application/json') {
    const pieces = Array.isArray(body) ? body : body ? [body] : [];
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    return new Promise((resolve, reject) => {
      const headers = { ...this.headers, 'Content-Type': contentType, 'Content-Length': length };
      const request = http.request(new URL(path, this.url), { method, headers, agent: this.agent }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const { statusCode: status, headers: received } = response;
          resolve({ status, headers: received, text: Buffer.concat(chunks).toString() });
        });
      });
      request.on('error', reject);
      for (const piece of pieces) request.write(piece);
      request.end();
    });
  }

  /** @param {string} method @param {string} path @param {unknown} [body] */
  async json(method, path, body) {
    const answer = await this.send(method, path, body === undefined ? undefined : Buffer.from(JSON.stringify(body)));
    if (answer.status >= 400) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.text === '' ? undefined : JSON.parse(answer.text);
  }
}

/**
 * Runs `action` on every item, `connections` at a time.
 * @template T
 * @param {readonly T[]} items @param {number} connections @param {(item: T, index: number) => Promise<unknown>} action
 */
export async function forEach(items, connections, action) {
  let next = 0;
  const run = async () => {
    while (next < items.length) {
      const index = next++;
      await action(items[index], index);
    }
  };
  await Promise.all(Array.from({ length: connections }, run));
}

/** @param {() => Promise<boolean>} condition @param {number} limitMs */
export async function until(condition, limitMs, everyMs = 50) {
  const end = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not done within ${limitMs / 1000} s`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
