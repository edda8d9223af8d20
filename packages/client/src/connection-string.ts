import { pathDefect } from '@zk/model';

export interface ServerAddress {
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
}

export interface ConnectionString {
  readonly servers: readonly ServerAddress[];
  /** Empty, or a path. */
  readonly chroot: string;
}

const DEFAULT_PORT = 2181;

/**
 * Reads `host:port,[::1]:port,host/chroot`; the port is 2181 where none is given.
 * @throws TypeError that says what is wrong with it
 */
export function parseConnectionString(text: string, defaultPort = DEFAULT_PORT): ConnectionString {
  if (typeof text !== 'string') throw new TypeError('servers are one text: host:port,host:port/chroot');
  const scheme = /^\s*([a-z][a-z0-9+.-]*:\/\/)/i.exec(text)?.[1];
  if (scheme !== undefined)
    throw new TypeError(`"${text}" is no URL: leave out "${scheme}", and write host:port/chroot`);
  const slash = text.indexOf('/');
  const chroot = slash === -1 ? '' : text.slice(slash).trim();
  if (/,[^/]*:\d+(\/|,|$)/.test(chroot)) {
    throw new TypeError(`the chroot of "${text}" comes once, after all servers: host:port,host:port/chroot`);
  }
  const defect = chroot === '' || chroot === '/' ? undefined : pathDefect(chroot);
  if (defect !== undefined) throw new TypeError(`the chroot of "${text}" is not a path: ${defect}`);
  const servers = (slash === -1 ? text : text.slice(0, slash))
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => parseServer(part, defaultPort));
  if (servers.length === 0) throw new TypeError(`"${text}" names no server; write host:port,host:port/chroot`);
  return { servers, chroot: chroot === '/' ? '' : chroot };
}

function parseServer(text: string, defaultPort: number): ServerAddress {
  const bracketed = /^\[([0-9a-fA-F:.]+(?:%[^\]]+)?)\](?::(.*))?$/.exec(text);
  if (bracketed !== null) return { host: bracketed[1]!, port: parsePort(bracketed[2], text, defaultPort) };
  const colons = text.split(':').length - 1;
  // More than one colon: an IPv6 address without brackets, which leaves no way to tell a port.
  if (colons > 1 && /^[0-9a-fA-F:.]+(?:%.+)?$/.test(text)) return { host: text, port: defaultPort };
  if (colons > 1) throw new TypeError(`"${text}" is neither host:port nor an IPv6 address`);
  const [host = '', port] = text.split(':');
  if (host === '') throw new TypeError(`"${text}" has no host`);
  return { host, port: parsePort(port, text, defaultPort) };
}

function parsePort(text: string | undefined, where: string, defaultPort: number): number {
  if (text === undefined) return defaultPort;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : NaN;
  if (port >= 1 && port <= 65_535) return port;
  throw new TypeError(`"${where}" has no valid port: 1 to 65535 is`);
}
