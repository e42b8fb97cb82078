import { expect, it } from '@jest/globals';
import { transferable } from './transferable.js';

it('gives away whole buffers, each once, and no parts of any', () => {
  const [whole, bytes] = [new Float32Array(4), new Uint8Array(8)];
  const shared = new Uint8Array(new SharedArrayBuffer(4));
  expect(transferable([whole, whole, bytes.subarray(1), shared, new Uint8Array(whole.buffer)])).toEqual([whole.buffer]);
  expect(transferable([bytes])[0]).toBe(bytes.buffer);
});
