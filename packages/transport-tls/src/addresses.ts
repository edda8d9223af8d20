const MAPPED_IPV4 = '::ffff:';

/** An address as the contract wants it: no scope, and IPv4 shown as IPv4 even where the socket is an IPv6 one. */
export function plainAddress(address: string | undefined): string {
  if (address === undefined) return '';
  const scope = address.indexOf('%');
  const bare = scope === -1 ? address : address.slice(0, scope);
  return bare.startsWith(MAPPED_IPV4) && bare.includes('.') ? bare.slice(MAPPED_IPV4.length) : bare;
}
