import { BlockList, isIP } from 'node:net';
import { isAddressRange, splitAddressRange } from '@pentaprism/config';

type Range = readonly [network: string, prefix: number];

/**
 * IPv4 but for ordinary hosts of the internet: https://www.iana.org/assignments/iana-ipv4-special-registry, multicast,
 * and 240/4. The last one is Azure's own for all of its machines.
 */
const SPECIAL_IPV4: readonly Range[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.31.196.0', 24],
  ['192.52.193.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['192.175.48.0', 24],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  ['168.63.129.16', 32],
];

/** Global unicast. What wraps IPv4 (mapped, NAT64), links and private networks are elsewhere. */
const GLOBAL_IPV6: readonly Range[] = [['2000::', 3]];

/** And in it: protocols with Teredo, documentation, 6to4, documentation, and AS112. */
const SPECIAL_IPV6: readonly Range[] = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
  ['2620:4f:8000::', 48],
];

const [specialIpv4, globalIpv6, specialIpv6] = [SPECIAL_IPV4, GLOBAL_IPV6, SPECIAL_IPV6].map((ranges) => {
  const list = new BlockList();
  for (const [network, prefix] of ranges) list.addSubnet(network, prefix, familyOf(network));
  return list;
}) as [BlockList, BlockList, BlockList];

/** Which addresses may be connected to on behalf of a user: those of the internet, and what an operator allows. */
export class AddressPolicy {
  /** One for each family: a list takes an IPv4 address that is mapped into IPv6 for the address itself. */
  readonly #allowed = { ipv4: new BlockList(), ipv6: new BlockList() };

  /** @param allowed addresses and networks, as `192.0.2.1`, `10.1.0.0/16`, `fd00::/8` */
  constructor(allowed: readonly string[] = []) {
    for (const range of allowed) {
      if (!isAddressRange(range)) throw new TypeError(`${range} is neither an address nor a network.`);
      const { network, prefix } = splitAddressRange(range);
      const family = familyOf(network);
      this.#allowed[family].addSubnet(network, prefix, family);
    }
  }

  /** @param address of any spelling; what is no address, or one with a zone, is not allowed */
  allows(address: string): boolean {
    // A zone names a link of this machine.
    if (isIP(address) === 0 || address.includes('%')) return false;
    const family = familyOf(address);
    if (this.#allowed[family].check(address, family)) return true;
    if (family === 'ipv4') return !specialIpv4.check(address, family);
    return globalIpv6.check(address, family) && !specialIpv6.check(address, family);
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
