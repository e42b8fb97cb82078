import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Bus } from '@pentaprism/bus';
import { imageContentChanged } from '@pentaprism/contracts';
import { ImageContents, KEPT_MS } from './image-contents.js';

const ID = 'a'.repeat(24);
const OTHER = 'b'.repeat(24);

/** A catalog whose answers come when they are told to, and a bus on which it signals. */
function fakeCatalog(expiresAt: number | null = null) {
  const current = new Map([ID, OTHER].map((id) => [id, 'first']));
  const calls: { ids: string[]; answer: () => void }[] = [];
  let hear: (error: null, message: { json: () => unknown; data: Uint8Array; string: () => string }) => void;
  const unsubscribe = jest.fn();
  const subscribe = (subject: string, options: { callback: typeof hear }) => {
    expect(subject).toBe(`test.${imageContentChanged.subject}`);
    hear = options.callback;
    return { unsubscribe };
  };
  const call = (_rpc: unknown, { ids }: { ids: string[] }) =>
    new Promise((resolve) => {
      // Read when it is asked, told when it is told to.
      const contents = ids.flatMap((id) => {
        const sha256 = current.get(id);
        return sha256
          ? [{ imageId: id, fileName: '', expiresAt, sha256, size: 1, mediaType: 'a/b', state: 'decoded' }]
          : [];
      });
      calls.push({ ids, answer: () => resolve({ contents }) });
    });
  const refusals = { watch: () => () => undefined };
  const connection = { nats: { subscribe }, prefix: 'test.', refusals };
  const images = new ImageContents({ connection, call } as unknown as Bus);
  return {
    images,
    calls,
    unsubscribe,
    /** Without a hash: deleted. */
    change: (imageId: string, sha256?: string, workspace = 'clinic') => {
      if (sha256) current.set(imageId, sha256);
      else current.delete(imageId);
      const text = JSON.stringify({ workspace, imageId });
      hear(null, { json: () => JSON.parse(text), string: () => text, data: Buffer.from(text) });
    },
  };
}

let catalog: ReturnType<typeof fakeCatalog>;
beforeEach(() => {
  catalog = fakeCatalog();
});

/** What is found, the catalog answering at once. */
async function get(id = ID, workspace = 'clinic'): Promise<string> {
  const before = catalog.calls.length;
  const found = catalog.images.get(workspace, id).then(
    ({ sha256 }) => sha256,
    (error: { code: string }) => error.code,
  );
  await Promise.resolve();
  for (const { answer } of catalog.calls.slice(before)) answer();
  return found;
}

describe('ImageContents', () => {
  it('remembers an answer for a moment, for its workspace', async () => {
    expect([await get(), await get()]).toEqual(['first', 'first']);
    expect(catalog.calls).toHaveLength(1);
    await get(ID, 'other');
    expect(catalog.calls).toHaveLength(2);
    await new Promise((resolve) => setTimeout(resolve, KEPT_MS + 20));
    await get();
    expect(catalog.calls).toHaveLength(3);
  });

  it('forgets an image that is deleted or gets another file, and no other', async () => {
    await get(OTHER);
    await get();
    catalog.change(ID, 'second');
    expect(await get()).toBe('second');
    catalog.change(ID);
    expect([await get(), await get()]).toEqual(['NOT_FOUND', 'NOT_FOUND']);
    const before = catalog.calls.length;
    await get(OTHER);
    expect(catalog.calls).toHaveLength(before);
  });

  it('does not remember an image beyond its end', async () => {
    catalog = fakeCatalog(Date.now() + KEPT_MS / 2);
    await get();
    await get();
    expect(catalog.calls).toHaveLength(1);
    await new Promise((resolve) => setTimeout(resolve, KEPT_MS / 2 + 20));
    await get();
    expect(catalog.calls).toHaveLength(2);
  });

  it('does not remember that there was nothing', async () => {
    catalog.change(ID);
    expect(await get()).toBe('NOT_FOUND');
    catalog.change(ID, 'second');
    expect(await get()).toBe('second');
  });

  it('does not keep an answer that was under way when the signal came', async () => {
    const early = catalog.images.get('clinic', ID);
    await Promise.resolve();
    catalog.change(ID);
    // Who comes now is not served by the answer that is older than the change.
    const late = catalog.images.get('clinic', ID).catch((error: { code: string }) => error.code);
    catalog.calls[0]?.answer();
    expect((await early).sha256).toBe('first');
    await new Promise(setImmediate);
    expect(catalog.calls).toHaveLength(2);
    catalog.calls[1]?.answer();
    expect(await late).toBe('NOT_FOUND');
    expect(await get()).toBe('NOT_FOUND');
  });

  it('does not keep an answer that comes together with the signal', async () => {
    const early = catalog.images.get('clinic', ID);
    await Promise.resolve();
    catalog.calls[0]?.answer();
    catalog.change(ID);
    await early;
    expect(await get()).toBe('NOT_FOUND');
  });

  it('asks once for all that come while a call is under way', async () => {
    const all = [ID, ID, OTHER, ID].map((id) => catalog.images.get('clinic', id));
    catalog.calls[0]?.answer();
    await new Promise(setImmediate);
    expect(catalog.calls.map(({ ids }) => ids)).toEqual([[ID], [ID, OTHER]]);
    catalog.calls[1]?.answer();
    expect((await Promise.all(all)).map(({ imageId }) => imageId)).toEqual([ID, ID, OTHER, ID]);
    catalog.images.onModuleDestroy();
    expect(catalog.unsubscribe).toHaveBeenCalled();
  });
});
