/**
 * The Node environment, with typed arrays of the process itself instead of the sandbox's own. ONNX Runtime and
 * TensorFlow.js compare classes, and would refuse arrays that a test made.
 *
 * For a spec that begins with: @jest-environment ./test/support/native-arrays.environment.mjs
 */
import { TestEnvironment } from 'jest-environment-node';

const SHARED = {
  ArrayBuffer,
  SharedArrayBuffer,
  DataView,
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
};

export default class NativeArraysEnvironment extends TestEnvironment {
  async setup() {
    await super.setup();
    Object.assign(this.global, SHARED);
  }
}
