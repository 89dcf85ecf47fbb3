import { isIPv4, isIPv6 } from 'node:net';

/**
 * The part of a client's address that attempts are counted by: an IPv4 address, or an IPv6 /64.
 *
 * Every IPv6 customer is given a /64 at least, so single addresses would be 2⁶⁴ free tries. Whatever is no address counts
 * as one client.
 */
export function clientNetwork(address: string): string {
  const ipv4 = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIPv4(ipv4)) return ipv4;
  if (!isIPv6(address)) return 'unknown';

  const [head = '', tail = ''] = address.split('::');
  const left = groupsOf(head);
  const right = groupsOf(tail);
  const zeros = address.includes('::') ? new Array<string>(8 - left.length - right.length).fill('0') : [];
  const network = [...left, ...zeros, ...right].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(':')}::/64`;
}

function groupsOf(part: string): string[] {
  // A dotted tail (64:ff9b::192.0.2.1) stands for two groups; which ones does not matter past the fourth.
  return part === '' ? [] : part.split(':').flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
}
