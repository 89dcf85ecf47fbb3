import { describe, expect, test } from '@jest/globals';
import { clientNetwork } from './client-network.ts';

describe('attempts are counted together for', () => {
  test.each([
    ['an IPv4 address, however it is written', ['192.0.2.7', '::ffff:192.0.2.7', '::FFFF:192.0.2.7'], '192.0.2.7'],
    ['an IPv6 /64', ['2001:db8:0:7::1', '2001:DB8::7:a:b:c:d', '2001:db8:0:7:ffff::192.0.2.1'], '2001:db8:0:7::/64'],
    ['the loopback', ['::1', '0:0:0:0:0:0:0:1'], '0:0:0:0::/64'],
    ['a link-local address of any interface', ['fe80::1%eth0', 'fe80::2%eth1'], 'fe80:0:0:0::/64'],
    ['whatever is no address', ['', 'x'.repeat(100_000), '192.0.2.7, 198.51.100.1'], 'unknown'],
  ])('%s', (_whom, addresses, network) => {
    expect(addresses.map(clientNetwork)).toEqual(addresses.map(() => network));
  });

  test('no two different IPv6 /64', () => {
    expect(clientNetwork('2001:db8:0:7::1')).not.toBe(clientNetwork('2001:db8:0:8::1'));
  });
});
