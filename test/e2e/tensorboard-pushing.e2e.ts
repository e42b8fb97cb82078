import { beforeAll, describe, expect, it } from '@jest/globals';
import { eventFile, eventually, type EventFields } from '@pentaprism/testing';
import { randomBytes } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { json, RawConnection, send, type Answer } from './support/http.js';
import { createKey, freshWorkspace, sharedSystem, type ApiKey } from './support/stack.js';

const RUN = 'a b/../ü&?#%2F';
const FILE = 'events.out.tfevents.1';
const PIECE = { 'content-type': 'application/offset+octet-stream' };
const system = sharedSystem();
const images = Array.from({ length: 6 }, () => randomBytes(2000));
const file = eventFile(
  { wallTime: 1, fileVersion: 'brain.Event:2' },
  ...images.map((image, step): EventFields => ({
    wallTime: 2,
    step,
    values: [{ tag: 't', images: [image], plugin: 'images' }],
  })),
);
const address = (run = RUN) => `/tensorboard/runs/file?${new URLSearchParams({ run, file: FILE }).toString()}`;

let editor: ApiKey;
let reader: ApiKey;
let stranger: ApiKey;
beforeAll(async () => {
  const workspace = freshWorkspace();
  editor = await createKey(system, { workspace, role: 'editor' });
  reader = await createKey(system, { workspace, role: 'reader' });
  stranger = await createKey(system, { workspace: freshWorkspace(), role: 'editor' });
});

function ask(method: string, path: string, { key }: ApiKey, headers: OutgoingHttpHeaders = {}, body?: Buffer) {
  const all = { ...headers, authorization: `Bearer ${key}` };
  return send(method, `${system.url}${path}`, { headers: all, ...(body ? { body } : {}) });
}

function patch(bytes: Buffer, offset: number, key = editor, run = RUN): Promise<Answer> {
  return ask('PATCH', address(run), key, { ...PIECE, 'upload-offset': String(offset) }, bytes);
}

async function offsetOf(key = editor, run = RUN): Promise<number> {
  return Number((await ask('HEAD', address(run), key)).headers['upload-offset']);
}

/** Begins to push the file, and goes away after some bytes of it. */
async function pushAndDie(bytes: number): Promise<void> {
  const connection = await RawConnection.open(system.url);
  const headers = {
    ...PIECE,
    'Upload-Offset': 0,
    'Content-Length': file.length,
    Authorization: `Bearer ${editor.key}`,
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  await connection.write(`${[`PATCH ${address()} HTTP/1.1`, 'Host: x', ...lines].join('\r\n')}\r\n\r\n`);
  await connection.write(file.subarray(0, bytes));
  await sleep(300);
  connection.destroy();
}

/** The images that are shown of a run. */
async function shown(key = editor): Promise<Buffer[]> {
  const query = new URLSearchParams({ run: RUN, tag: 't' }).toString();
  const listed = await ask('GET', `/data/plugin/images/images?${query}`, key);
  if (listed.status !== 200) return [];
  const events = json<{ query: string }[]>(listed);
  const answers = await Promise.all(
    events.map((event) => ask('GET', `/data/plugin/images/individualImage?${event.query}`, key)),
  );
  return answers.map(({ bytes }) => bytes);
}

describe('pushed event files', () => {
  it('go on where they were when a client is killed, and are shown', async () => {
    // A busy system may not have read the first bytes of a body yet when its client goes.
    await eventually(async () => {
      await pushAndDie(5000);
      expect(await offsetOf()).toBeGreaterThan(4000);
    });
    const reached = await offsetOf();
    expect(reached).toBeLessThanOrEqual(5000);
    const answer = await patch(file.subarray(reached), reached);
    expect([answer.status, answer.headers['upload-offset']]).toEqual([204, String(file.length)]);
    await eventually(async () => expect(await shown()).toEqual(images));
  });

  it('are refused at another offset, from a reader, and as another type', async () => {
    expect((await patch(file, 1)).status).toBe(409);
    expect((await patch(file, 0, reader)).status).toBe(403);
    const typed = await ask('PATCH', address(), editor, { 'upload-offset': '0', 'content-type': 'text/plain' }, file);
    expect(typed.status).toBe(415);
  });

  it('belong to the workspace of the key, which alone deletes them', async () => {
    expect([await offsetOf(stranger), await shown(stranger)]).toEqual([0, []]);
    const run = `/tensorboard/runs?${new URLSearchParams({ run: RUN }).toString()}`;
    expect((await ask('DELETE', run, stranger)).status).toBe(404);
    expect((await ask('DELETE', run, reader)).status).toBe(403);
    expect((await ask('DELETE', run, editor)).status).toBe(204);
    await eventually(async () => expect([await offsetOf(), await shown()]).toEqual([0, []]));
  });
});
