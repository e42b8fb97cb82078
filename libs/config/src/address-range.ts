import { isIP } from 'node:net';

/** Whether it is an address (`192.0.2.1`, `fd00::1`) or a network (`192.0.2.0/24`, `fd00::/8`). */
export function isAddressRange(text: string): boolean {
  const [, address = '', prefix] = /^([^/%]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const bits = bitsOf(address);
  return bits > 0 && (prefix === undefined || Number(prefix) <= bits);
}

/** @param range see `isAddressRange`; an address is a network of its own */
export function splitAddressRange(range: string): { network: string; prefix: number } {
  const [network = '', prefix] = range.split('/');
  return { network, prefix: prefix === undefined ? bitsOf(network) : Number(prefix) };
}

function bitsOf(address: string): number {
  return { 0: 0, 4: 32, 6: 128 }[isIP(address)] ?? 0;
}
