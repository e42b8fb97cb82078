import type { TableModel } from './model.js';

export function encodeModel(_model: TableModel): Uint8Array {
  throw new Error('to follow');
}

/** @throws Error for bytes that `encodeModel` did not make */
export function decodeModel(_bytes: Uint8Array): TableModel {
  throw new Error('to follow');
}
