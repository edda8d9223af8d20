const GROUPS = 8;

/**
 * A host as Apache ZooKeeper writes it into a configuration, so that the text is the same on all servers: an IPv6 address in
 * eight groups, in lower case and without leading zeros, or as IPv4 where it stands for such an address. Names, and addresses
 * with a zone, stay as they are.
 */
export function hostText(host: string): string {
  if (!host.includes(':')) return host;
  const groups = groupsOf(host);
  if (groups === undefined) return host;
  if (!isMapped(groups)) return groups.map((group) => group.toString(16)).join(':');
  const bytes = groups.slice(-2).flatMap((group) => [group >> 8, group & 0xff]);
  return bytes.join('.');
}

/** Undefined for what is no IPv6 address. */
function groupsOf(address: string): readonly number[] | undefined {
  const [before = '', after, ...more] = address.split('::');
  const left = partsOf(before);
  const right = after === undefined ? [] : partsOf(after);
  const missing = GROUPS - left.length - right.length;
  const isComplete = after === undefined ? missing === 0 : missing > 0 && more.length === 0;
  const groups = [...left, ...Array.from({ length: Math.max(0, missing) }, () => 0), ...right];
  return isComplete && !groups.some(Number.isNaN) ? groups : undefined;
}

/** NaN for what is no group. The last four bytes may be written as an IPv4 address. */
function partsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((part) => {
    if (/^[0-9a-f]{1,4}$/i.test(part)) return [parseInt(part, 16)];
    const bytes = part.split('.').map((byte) => (/^\d{1,3}$/.test(byte) ? Number(byte) : NaN));
    if (bytes.length !== 4 || !bytes.every((byte) => byte <= 0xff)) return [NaN];
    return [bytes[0]! * 0x100 + bytes[1]!, bytes[2]! * 0x100 + bytes[3]!];
  });
}

/** `::ffff:a.b.c.d`. */
function isMapped(groups: readonly number[]): boolean {
  return groups.slice(0, 5).every((group) => group === 0) && groups[5] === 0xffff;
}
