/** Numbers of an embedding as text: float32, little-endian, in base64. Node.js runs on little-endian machines only. */
export function toVectorText({ buffer, byteOffset, byteLength }: Float32Array): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}

/** @throws RangeError for bytes that are no whole number of numbers */
export function fromVectorText(text: string): Float32Array {
  // A copy: the buffer's own memory may begin at any byte.
  return new Float32Array(new Uint8Array(Buffer.from(text, 'base64')).buffer);
}
