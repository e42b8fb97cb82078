import { describe, expect, it } from '@jest/globals';
import { AddressPolicy } from './address-policy.js';

describe('AddressPolicy', () => {
  it.each([
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '100.64.0.1',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::127.0.0.1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:8.8.8.8',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b::8.8.8.8',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:10::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '2620:4f:8000::1',
    '3fff::1',
    '4000::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fe80::1%lo',
    '2606:4700::1%eth0',
    'fec0::1',
    'ff02::1',
    '',
    'localhost',
    '127.1',
    '0x7f.0.0.1',
    '8.8.8.8:80',
    '8.8.8.8/32',
  ])('does not allow %j', (address) => {
    expect(new AddressPolicy().allows(address)).toBe(false);
  });

  it.each(['1.1.1.1', '8.8.8.8', '100.128.0.1', '172.32.0.1', '223.255.255.255', '2606:4700:4700::1111', '2a00::1'])(
    'allows %s, which is on the internet',
    (address) => {
      expect(new AddressPolicy().allows(address)).toBe(true);
    },
  );

  it('allows what an operator does, and nothing beside it', () => {
    const policy = new AddressPolicy(['10.1.0.0/16', '127.0.0.1', 'fd00:1::/32', '::1']);
    for (const address of ['10.1.0.0', '10.1.255.255', '127.0.0.1', 'fd00:1::5', '::1', '8.8.8.8'])
      expect({ address, allowed: policy.allows(address) }).toEqual({ address, allowed: true });
    for (const address of [
      '::ffff:127.0.0.1',
      '::ffff:a01:1',
      '64:ff9b::127.0.0.1',
      '10.0.255.255',
      '10.2.0.0',
      '127.0.0.2',
      'fd00:2::5',
      '::2',
      'fd00:1::5%eth0',
    ])
      expect({ address, allowed: policy.allows(address) }).toEqual({ address, allowed: false });
    expect(() => new AddressPolicy(['example.org'])).toThrow(TypeError);
  });
});
