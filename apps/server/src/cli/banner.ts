import { isAbsolute, relative } from 'node:path';
import { PRODUCT_VERSION } from '../version.js';

export interface BannerFacts {
  readonly host: string;
  readonly port: number;
  readonly dataDir: string;
  readonly workingDirectory: string;
  /** Of a server of an ensemble: its number, and how many belong to it. */
  readonly member?: { readonly id: bigint; readonly of: number } | undefined;
}

/** What somebody who just started a server in a terminal wants to know. */
export function banner({ host, port, dataDir, workingDirectory, member }: BannerFacts): string {
  const isEverywhere = host === '::' || host === '0.0.0.0';
  const near = isEverywhere ? '127.0.0.1' : host;
  const where = isEverywhere ? `port ${port} of every address` : joinAddress(host, port);
  const what = member === undefined ? 'is serving on' : `is server ${member.id} of ${member.of}, clients at`;
  return [
    '',
    `  \u001b[1mzk ${PRODUCT_VERSION} ${what} ${where}\u001b[22m, data in ${shorten(dataDir, workingDirectory)}`,
    '',
    `  try    echo ruok | nc ${near} ${port}`,
    `         zkCli.sh -server ${joinAddress(near, port)}`,
    '  stop   Ctrl-C',
    '',
    '',
  ].join('\n');
}

/** Relative to the working directory when it lies inside. */
function shorten(path: string, workingDirectory: string): string {
  const short = relative(workingDirectory, path);
  return short === '' || short.startsWith('..') || isAbsolute(short) ? path : `./${short}`;
}

/** `host:port`, with brackets around an IPv6 address. */
export function joinAddress(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
