import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultyStack } from '../../e2e/support/faults-stack.js';
import { DatasetsClient, filePart, type Json, type Reply } from '../../e2e/support/datasets.js';
import { form, type Part } from '../../e2e/support/filters.js';
import { RawConnection } from '../../e2e/support/http.js';
import { createKey } from '../../e2e/support/stack.js';

/** Answers to a request while a service is down. */
const OUTAGES: readonly number[] = [503, 504];
const PAUSE_MS = 250;
/** Milliseconds until a request that meets nothing but outages fails. */
const OUTAGE_LIMIT_MS = 60_000;
/** Milliseconds in which an import ends, together with those before it in the queue. */
const ENDED_WITHIN_MS = 600_000;
/** Milliseconds in which the gateway reads what was sent before the connection breaks off. */
const READ_MS = 50;

/** The body of a request: JSON, or the parts of a form. */
export interface Sent {
  readonly json?: unknown;
  readonly parts?: readonly Part[];
}

export interface Asked extends Reply {
  /** Whether it answers a request that was sent again after an outage. The first one may have had its effect. */
  readonly repeated: boolean;
}

/** A client of the DataRobot API in one workspace. */
export interface Asker {
  /** @param path relative to the base of the API, or an absolute URL */
  ask(method: string, path: string, expected: readonly number[], sent?: Sent): Promise<Asked>;
}

/** A client of one workspace that repeats requests while a service is down. */
export class PatientClient implements Asker {
  /** Other answers than expected and than those to outages. */
  readonly wrongAnswers: string[] = [];

  private constructor(
    private readonly url: string,
    private readonly client: DatasetsClient,
  ) {}

  static async create({ stack }: FaultyStack, workspace: string): Promise<PatientClient> {
    const { url, ownerKey } = stack;
    const system = { url, ownerKey, data: '' };
    return new PatientClient(url, new DatasetsClient(system, await createKey(system, { workspace })));
  }

  get workspace(): string {
    return this.client.apiKey.workspace;
  }

  /** Sends a request once. */
  async once(method: string, path: string, expected: readonly number[], { json, parts }: Sent = {}): Promise<Reply> {
    const body = { ...(json === undefined ? {} : { json }), ...(parts ? form(parts) : {}) };
    return this.noted(`${method} ${path}`, expected, await this.client.ask(method, path, body));
  }

  /** Repeats a request until the answer is not that of an outage. */
  async ask(method: string, path: string, expected: readonly number[], sent?: Sent): Promise<Asked> {
    const until = performance.now() + OUTAGE_LIMIT_MS;
    for (let repeated = false; ; repeated = true) {
      const reply = await this.once(method, path, expected, sent);
      if (!OUTAGES.includes(reply.status)) return { ...reply, repeated };
      if (performance.now() > until) throw new Error(`${method} ${path}: ${reply.status} for ${OUTAGE_LIMIT_MS} ms`);
      await sleep(PAUSE_MS);
    }
  }

  async upload(bytes: Buffer, fileName: string, expected: readonly number[] = [202]): Promise<Reply> {
    return this.noted(`upload of ${fileName}`, expected, await this.client.upload(filePart(bytes, fileName)));
  }

  /** Sends a share of an upload and breaks off. */
  async breakOff(bytes: Buffer, fileName: string, share: number): Promise<void> {
    const { headers, body } = form([filePart(bytes, fileName)]);
    const connection = await RawConnection.open(this.url);
    const lines = [
      'POST /api/v2/datasets/fromFile/ HTTP/1.1',
      'Host: 127.0.0.1',
      `Authorization: Bearer ${this.client.apiKey.key}`,
      `Content-Type: ${String(headers['content-type'])}`,
      `Content-Length: ${body.length}`,
    ];
    await connection.write(`${lines.join('\r\n')}\r\n\r\n`);
    await connection.write(body.subarray(0, Math.floor(body.length * share)));
    await sleep(READ_MS);
    connection.destroy();
  }

  /** Returns the last status of an import: 303 when it has completed, 200 with a message when it has not. */
  async ended(statusId: string): Promise<Reply> {
    const until = performance.now() + ENDED_WITHIN_MS;
    for (;;) {
      const reply = await this.ask('GET', `status/${statusId}/`, [200, 303]);
      const pending = reply.status === 200 && ['INITIALIZED', 'RUNNING'].includes(reply.body.status);
      if (!pending) return reply;
      if (performance.now() > until) throw new Error(`the import did not end: ${reply.bytes.toString()}`);
    }
  }

  /** Returns all datasets of the workspace. */
  async list(): Promise<Json[]> {
    const items: Json[] = [];
    for (let total = 1; items.length < total;) {
      const { body } = await this.ask('GET', `datasets/?limit=100&offset=${items.length}`, [200]);
      if (body.data.length === 0) return items;
      items.push(...body.data);
      total = body.totalCount;
    }
    return items;
  }

  private noted(what: string, expected: readonly number[], reply: Reply): Reply {
    if (!expected.includes(reply.status) && !OUTAGES.includes(reply.status))
      this.wrongAnswers.push(`${what}: ${reply.status} ${reply.bytes.toString().slice(0, 300)}`);
    return reply;
  }
}
