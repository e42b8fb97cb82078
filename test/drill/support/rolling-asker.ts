import { form } from '../../e2e/support/filters.js';
import type { RollingClient, Sent as RollingSent } from '../../e2e/support/rolling-client.js';
import type { Asked, Asker, Sent } from './dataset-client.js';

/** Milliseconds for which an answer may be late. The Python client waits for 60 s. */
const HELD_MS = 25_000;

/** A client of the DataRobot API without a second attempt. */
export class RollingAsker implements Asker {
  constructor(private readonly client: RollingClient) {}

  /** Throws if there is no answer, or one of another status. The client has noted it. */
  async ask(method: string, path: string, expected: readonly number[], sent: Sent = {}): Promise<Asked> {
    const target = /^https?:/.test(path) ? path : `/api/v2/${path}`;
    const options = { heldMs: HELD_MS, allow: expected, ...bodyOf(sent) };
    const reply = await this.client.send(method, target, options);
    if (!reply) throw new Error(`${method} ${path} failed`);
    const isJson = (reply.headers['content-type'] ?? '').startsWith('application/json') && reply.bytes.length > 0;
    return { ...reply, repeated: false, body: isJson ? JSON.parse(reply.bytes.toString()) : undefined };
  }
}

function bodyOf({ json, parts }: Sent): Pick<RollingSent, 'body' | 'type'> {
  if (!parts) return json === undefined ? {} : { body: JSON.stringify(json) };
  const { headers, body } = form(parts);
  return { body, type: String(headers['content-type']) };
}
