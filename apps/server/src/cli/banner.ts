import type { ServerConfig } from '../config/server-config.js';
import { COMPATIBLE_VERSION, PRODUCT_VERSION } from '../version.js';

/** What somebody who just started a server in a terminal wants to know. */
export function banner(address: { host: string; port: number }, config: ServerConfig, hasColours: boolean): string {
  const isEverywhere = address.host === '::' || address.host === '0.0.0.0';
  const host = isEverywhere ? '127.0.0.1' : address.host;
  const bold = (text: string): string => (hasColours ? `\u001b[1m${text}\u001b[22m` : text);
  const dim = (text: string): string => (hasColours ? `\u001b[2m${text}\u001b[22m` : text);
  const rows: readonly (readonly [string, string])[] = [
    [
      'address',
      `${joinAddress(host, address.port)}${isEverywhere ? ' (and every other address of this machine)' : ''}`,
    ],
    ['data', config.dataDir],
    ...(config.dataLogDir === config.dataDir ? [] : [['log', config.dataLogDir] as const]),
    ['config', config.configFile ?? 'flags and environment only'],
    ['try', `echo ruok | nc ${host} ${address.port}`],
    ['', `zkCli.sh -server ${joinAddress(host, address.port)}`],
    ['stop', 'Ctrl-C'],
  ];
  const body = rows.map(([name, text]) => `  ${dim(name.padEnd(9))}${text}\n`).join('');
  return `\n  ${bold(`zk ${PRODUCT_VERSION}`)}, a server for ZooKeeper ${COMPATIBLE_VERSION} clients\n\n${body}\n`;
}

export function joinAddress(host: string, port: number): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}
