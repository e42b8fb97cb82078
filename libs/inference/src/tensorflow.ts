/**
 * TensorFlow.js, imported only when something is trained: it takes 0.2 s and 40 MB that other processes should not pay.
 */
import type * as TensorFlow from '@tensorflow/tfjs-core';

export type { TensorFlow };

/** wasm: WebAssembly with SIMD, on one thread. cpu: plain JavaScript, several times slower, runs everywhere. */
export const TENSORFLOW_BACKENDS = ['wasm', 'cpu'] as const;
export type TensorFlowBackend = (typeof TENSORFLOW_BACKENDS)[number];

/** The library has one current backend per process, so its users take turns. */
let turn: Promise<unknown> = Promise.resolve();

/**
 * Runs something on a backend. Calls wait for each other. Nothing is printed.
 *
 * @throws Error where the backend cannot start
 */
export function onTensorFlow<T>(backend: TensorFlowBackend, use: (tf: typeof TensorFlow) => Promise<T>): Promise<T> {
  const result = turn.then(async () => use(await load(backend)));
  turn = result.catch(() => undefined);
  return result;
}

async function load(backend: TensorFlowBackend): Promise<typeof TensorFlow> {
  const tf = commonJs(await import('@tensorflow/tfjs-core'));
  // Before a backend comes in, or it greets on the console. It also leaves out costly checks of every number.
  tf.enableProdMode();
  await IMPORTS[backend]();
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow.js cannot start its backend "${backend}".`);
  return tf;
}

const IMPORTS: Readonly<Record<TensorFlowBackend, () => Promise<unknown>>> = {
  wasm: () => import('@tensorflow/tfjs-backend-wasm'),
  cpu: () => import('@tensorflow/tfjs-backend-cpu'),
};

/** Of a CommonJS module some loaders find the names, and all have them on its default. */
function commonJs<T>(module: T): T {
  return (module as { default?: T }).default ?? module;
}
