/** @jest-environment ./test/support/native-arrays.environment.mjs */
import { describe, expect, it } from '@jest/globals';
import { chooseTensorFlowBackend, onTensorFlow, type ImportModule } from './tensorflow.js';
import { chooseThreadedBackend } from './threaded-backend.js';

const imported: string[] = [];
const standIn: ImportModule = (name) => {
  imported.push(name);
  return import('./tfjs-node.fixture.js');
};
const notInstalled: ImportModule = (name) => Promise.reject(new Error(`Cannot find package '${name}'`));

describe('the backend of TensorFlow.js', () => {
  it('is the native one if its package can be loaded', async () => {
    expect(await chooseTensorFlowBackend(undefined, standIn)).toBe('node');
    expect(imported).toEqual(['@tensorflow/tfjs-node']);
    const [name, product] = await onTensorFlow(
      'node',
      async (tf) => [tf.getBackend(), [...(await tf.matMul([[1, 2]], [[3], [4]]).data())]] as const,
      standIn,
    );
    expect(name).toBe('tensorflow');
    expect(product).toEqual([11]);
  });

  it('is WebAssembly if the package is not installed', async () => {
    expect(await chooseTensorFlowBackend(undefined, notInstalled)).toBe('wasm');
  });

  it.each(['wasm', 'cpu'] as const)(
    'is %s if it is configured, whether or not the package is installed',
    async (name) => {
      expect(await chooseTensorFlowBackend(name, standIn)).toBe(name);
      expect(await chooseTensorFlowBackend(name, notInstalled)).toBe(name);
      expect(await chooseThreadedBackend(name)).toBe(name);
    },
  );

  it('is refused if it is configured and cannot be loaded', async () => {
    await expect(chooseTensorFlowBackend('node', notInstalled)).rejects.toThrow(
      'TENSORFLOW_BACKEND is node, but @tensorflow/tfjs-node cannot be loaded. Install it.',
    );
  });
});
