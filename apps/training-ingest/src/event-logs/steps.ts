const OFFSET = 2n ** 63n;
const DIGITS = 16;

/** Returns a step of 64 bits as hexadecimal digits, of which the order is that of the numbers. */
export function sortableStep(step: bigint): string {
  return (step + OFFSET).toString(16).padStart(DIGITS, '0');
}

/** The opposite of {@link sortableStep}. */
export function stepOf(sortable: string): bigint {
  return BigInt(`0x${sortable}`) - OFFSET;
}
