/** A stand-in for `@tensorflow/tfjs-node`: registers a backend of the same name, which calculates in plain JavaScript. */
import { commonJs } from './tensorflow.js';

const tf = commonJs(await import('@tensorflow/tfjs-core'));
const { MathBackendCPU } = commonJs(await import('@tensorflow/tfjs-backend-cpu'));

tf.registerBackend('tensorflow', () => new MathBackendCPU());
tf.copyRegisteredKernels('cpu', 'tensorflow');
