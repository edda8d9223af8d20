import type { AuthProvider, PeerInfo } from '@zk/contracts';
import type { Id } from '@zk/model';
import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/**
 * Where a connection comes from. Every connection has this id; it proves no user, so `auth` in an ACL does not expand
 * to it. An ACL names an address or a network, `10.1.0.0/16` or `2001:db8::/32`
 * (spec: server semantics, section 12.3).
 */
export class IpAuthProvider implements AuthProvider {
  readonly scheme = 'ip';
  readonly isAuthenticated = false;

  authenticate(peer: PeerInfo): readonly Id[] {
    return [{ scheme: this.scheme, id: addressText(peer.remoteAddress) }];
  }

  matches(connectionId: string, aclId: string): boolean {
    const network = parseNetwork(aclId);
    const address = parseAddress(connectionId);
    if (network === undefined || address === undefined || address.kind() !== network.address.kind()) return false;
    return address.match(network.address, network.bits);
  }

  isValid(aclId: string): boolean {
    return parseNetwork(aclId) !== undefined;
  }

  userName(connectionId: string): string {
    return connectionId;
  }
}

/**
 * The address as Java prints it, which is what clients of Apache ZooKeeper see: IPv6 in eight groups without zeros in
 * front, no zone, IPv4-mapped addresses as IPv4. Anything that is no address stays as it is.
 */
export function addressText(remoteAddress: string): string {
  // As nearly all are: the library takes a twentieth of what a connection costs.
  if (isIPv4(remoteAddress)) return remoteAddress;
  const bare = remoteAddress.replace(/%.*$/, '');
  return ipaddr.isValid(bare) ? ipaddr.process(bare).toNormalizedString() : remoteAddress;
}

function parseNetwork(text: string): { readonly address: Address; readonly bits: number } | undefined {
  const slash = text.indexOf('/');
  const address = parseAddress(slash < 0 ? text : text.slice(0, slash));
  if (address === undefined) return undefined;
  const maxBits = address.kind() === 'ipv4' ? 32 : 128;
  const bits = slash < 0 ? maxBits : parseDecimal(text.slice(slash + 1), maxBits);
  return bits === undefined ? undefined : { address, bits };
}

/**
 * The library reads more than the scheme allows (octal and hexadecimal parts, fewer than four of them, zones, IPv4 at
 * the end of IPv6), so the shape is checked first.
 */
function parseAddress(text: string): Address | undefined {
  if (text.includes(':')) {
    const isPlain = /^[0-9a-f:]+$/i.test(text) && !/[0-9a-f]{5}/i.test(text);
    return isPlain && ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : undefined;
  }
  const octets = text.split('.').map((part) => parseDecimal(part, 255));
  if (octets.length !== 4 || octets.includes(undefined)) return undefined;
  return new ipaddr.IPv4(octets as number[]);
}

/** A whole number from 0 to `max`, with an optional sign and any zeros in front, as Java's parser takes it. */
function parseDecimal(text: string, max: number): number | undefined {
  if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= 0 && value <= max ? Math.abs(value) : undefined;
}
