import type { AuthProvider, PeerInfo } from '@zk/contracts';
import type { Id } from '@zk/model';
import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

const ZERO = 0x30;
const PLUS = 0x2b;
const MINUS = 0x2d;

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
    const { end, bits } = networkOf(aclId);
    if (bits < 0) return false;
    if (!aclId.includes(':')) {
      const network = parseIPv4(aclId, end);
      const address = parseIPv4(connectionId, connectionId.length);
      // A shift by 32 would be one by 0.
      return network >= 0 && address >= 0 && (bits === 0 || (network ^ address) >>> (32 - bits) === 0);
    }
    const network = parseIPv6(aclId.slice(0, end));
    const address = parseIPv6(connectionId);
    return network !== undefined && address !== undefined && address.match(network, bits);
  }

  isValid(aclId: string): boolean {
    const { end, bits } = networkOf(aclId);
    if (bits < 0) return false;
    return aclId.includes(':') ? parseIPv6(aclId.slice(0, end)) !== undefined : parseIPv4(aclId, end) >= 0;
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

/** Where the address ends in an address or a network, and the length of its prefix; -1 when that is none. */
function networkOf(text: string): { readonly end: number; readonly bits: number } {
  const maxBits = text.includes(':') ? 128 : 32;
  const slash = text.indexOf('/');
  if (slash < 0) return { end: text.length, bits: maxBits };
  return { end: slash, bits: parseDecimal(text, slash + 1, text.length, maxBits) };
}

/** The library reads more than the scheme allows (zones, IPv4 at the end), so the shape is checked first. */
function parseIPv6(text: string): ipaddr.IPv6 | undefined {
  const isPlain = /^[0-9a-f:]+$/i.test(text) && !/[0-9a-f]{5}/i.test(text);
  return isPlain && ipaddr.IPv6.isValid(text) ? ipaddr.IPv6.parse(text) : undefined;
}

/**
 * The 32 bits of the address before `end` as a number from 0 on, -1 when it is none. The library takes octal and
 * hexadecimal parts and fewer than four of them, and a list may have thousands of addresses.
 */
function parseIPv4(text: string, end: number): number {
  let address = 0;
  let start = 0;
  for (let part = 0; part < 4; part++) {
    const dot = text.indexOf('.', start);
    const isLast = dot < 0 || dot >= end;
    if (isLast !== (part === 3)) return -1;
    const octet = parseDecimal(text, start, isLast ? end : dot, 255);
    if (octet < 0) return -1;
    address = address * 256 + octet;
    start = dot + 1;
  }
  return address;
}

/** A whole number from 0 to `max`, with an optional sign and any zeros in front, as Java's parser takes it; else -1. */
function parseDecimal(text: string, start: number, end: number, max: number): number {
  const sign = text.charCodeAt(start);
  let at = sign === PLUS || sign === MINUS ? start + 1 : start;
  if (at >= end) return -1;
  let value = 0;
  for (; at < end; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
    if (value > max) return -1;
  }
  return sign === MINUS && value > 0 ? -1 : value;
}
