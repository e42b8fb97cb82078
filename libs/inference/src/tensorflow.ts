/**
 * TensorFlow.js, imported only when something is trained: it takes 0.2 s and 40 MB that other processes should not pay.
 */
import type * as TensorFlow from '@tensorflow/tfjs-core';

export type { TensorFlow };

/**
 * node: the native library, if the optional package `@tensorflow/tfjs-node` is installed. wasm: WebAssembly with SIMD, on one
 * thread. cpu: plain JavaScript, several times slower, runs everywhere.
 */
export const TENSORFLOW_BACKENDS = ['node', 'wasm', 'cpu'] as const;
export type TensorFlowBackend = (typeof TENSORFLOW_BACKENDS)[number];

/** Imports a module by its name. */
export type ImportModule = (name: string) => Promise<unknown>;

/** The modules that bring the backends, and what TensorFlow.js calls those. */
const BACKENDS: Readonly<Record<TensorFlowBackend, { readonly module: string; readonly name: string }>> = {
  node: { module: '@tensorflow/tfjs-node', name: 'tensorflow' },
  wasm: { module: '@tensorflow/tfjs-backend-wasm', name: 'wasm' },
  cpu: { module: '@tensorflow/tfjs-backend-cpu', name: 'cpu' },
};

/** `wasm` and `cpu` are named where bundlers and checks of dependencies find them. */
const importModule: ImportModule = (name) => {
  if (name === BACKENDS.wasm.module) return import('@tensorflow/tfjs-backend-wasm');
  if (name === BACKENDS.cpu.module) return import('@tensorflow/tfjs-backend-cpu');
  return import(name);
};

/** The library has one current backend per process, so its users take turns. */
let turn: Promise<unknown> = Promise.resolve();

/**
 * Runs something on a backend. Calls wait for each other. Nothing is printed.
 *
 * @throws Error where the backend cannot start
 */
export function onTensorFlow<T>(
  backend: TensorFlowBackend,
  use: (tf: typeof TensorFlow) => Promise<T>,
  importing: ImportModule = importModule,
): Promise<T> {
  const result = turn.then(async () => use(await load(backend, importing)));
  turn = result.catch(() => undefined);
  return result;
}

/**
 * Returns the backend to train with: the configured one, else `node` if it can be loaded, else `wasm`. It loads the native
 * library into the process.
 *
 * @throws Error if `node` is configured and cannot be loaded
 */
export async function chooseTensorFlowBackend(
  configured?: TensorFlowBackend,
  importing: ImportModule = importModule,
): Promise<TensorFlowBackend> {
  if (configured !== undefined && configured !== 'node') return configured;
  try {
    await load('node', importing);
    return 'node';
  } catch (cause) {
    if (configured === undefined) return 'wasm';
    throw new Error('TENSORFLOW_BACKEND is node, but @tensorflow/tfjs-node cannot be loaded. Install it.', { cause });
  }
}

async function load(backend: TensorFlowBackend, importing: ImportModule): Promise<typeof TensorFlow> {
  const tf = commonJs(await import('@tensorflow/tfjs-core'));
  // Before a backend comes in, or it greets on the console. It also leaves out costly checks of every number.
  tf.enableProdMode();
  const { module, name } = BACKENDS[backend];
  await importing(module);
  if (!(await tf.setBackend(name))) throw new Error(`TensorFlow.js cannot start its backend "${backend}".`);
  return tf;
}

/** Of a CommonJS module some loaders find the names, and all have them on its default. */
export function commonJs<T>(module: T): T {
  return (module as { default?: T }).default ?? module;
}
