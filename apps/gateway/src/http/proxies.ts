type Trust = false | string[] | ((address: string, hop: number) => boolean);

/**
 * Which peers Fastify trusts to have set X-Forwarded-*.
 *
 * @param proxies hops, or networks, see TRUST_PROXY. With a number of hops the addresses are not checked, so that the
 *   gateway must not be reachable past its proxies.
 */
export function trustOf(proxies: number | string[]): Trust {
  if (typeof proxies !== 'number') return proxies;
  // Not the number itself: Fastify then trusts no hop, since it cannot know that the peer is a proxy.
  return proxies === 0 ? false : (_address, hop) => hop < proxies;
}
