import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { codeOf, messageOf } from '../errors.js';
import { effectiveDefault } from '../config/key-spec.js';
import { indexKeys } from '../config/key-index.js';
import { parseProperties } from '../config/properties.js';
import { announceConfig } from './announce.js';
import { ask, askSecurely } from './ask.js';
import { ExitCode } from './exit-codes.js';
import { findInstance, type Instance } from './instance.js';
import type { CliIo } from './io.js';
import type { CliOptions } from './options.js';

interface ClientAddress {
  readonly port: string;
  readonly host: string | undefined;
  readonly isSecure: boolean;
}

/** `status`: finds the client port as zkServer.sh does, sends `srvr` and prints its Mode line. */
export async function runStatus(io: CliIo, options: CliOptions, args: readonly string[]): Promise<number> {
  const instance = findInstance(io, options, args);
  announceConfig(io, instance.configFile);
  const address = findClientAddress(io, instance);
  const host = isWildcard(address.host) ? 'localhost' : (address.host ?? 'localhost');
  io.out.write(`Client port found: ${address.port}. Client address: ${host}. Client SSL: ${address.isSecure}.\n`);
  const answer = await (address.isSecure
    ? askOverTls(io, instance, host, address.port)
    : ask(host, Number(address.port), 'srvr'));
  const mode = /^Mode: .*$/m.exec(answer)?.[0];
  if (mode === undefined) {
    io.out.write('Error contacting service. It is probably not running.\n');
    return ExitCode.unexpectedError;
  }
  io.out.write(`${mode}\n`);
  return ExitCode.ok;
}

/** Shows the server its own certificate, which is the one at hand; nothing when that cannot be read. */
async function askOverTls(io: CliIo, instance: Instance, host: string, port: string): Promise<string> {
  const path = (name: string): string | undefined => {
    const text = instance.setting(name);
    return text === undefined ? undefined : resolve(io.workingDirectory, text);
  };
  const file = path('ssl.keyStore.location');
  if (file === undefined) return '';
  const { loadIdentity } = await import('@zk/transport-tls');
  const password = instance.setting('ssl.keyStore.password');
  const passwordFile = path('ssl.keyStore.passwordPath');
  try {
    const identity = await loadIdentity({
      file,
      ...(password === undefined ? {} : { password }),
      ...(passwordFile === undefined ? {} : { passwordFile }),
    });
    return await askSecurely(host, Number(port), 'srvr', identity);
  } catch (error) {
    io.err.write(`${messageOf(error)}\n`);
    return '';
  }
}

function isWildcard(host: string | undefined): boolean {
  return host === undefined || host === '0.0.0.0' || host === '::';
}

/** spec: operations, section 10.1, "status algorithm"; in the end our own default port. */
function findClientAddress(io: CliIo, instance: Instance): ClientAddress {
  const host = instance.setting('clientPortAddress')?.replace(/^\[(.*)\]$/, '$1');
  const port = instance.setting('clientPort');
  if (port !== undefined && /^\d+$/.test(port)) return { port, host, isSecure: false };
  const listed = findInMemberLines(io, instance);
  if (listed !== undefined) return { port: listed.port, host: listed.host ?? host, isSecure: false };
  const secure = instance.setting('secureClientPort');
  if (secure !== undefined) {
    io.out.write('Client port not found. Looking for secureClientPort in the static config.\n');
    return { port: secure, host: instance.setting('secureClientPortAddress'), isSecure: true };
  }
  const spec = indexKeys().byName('clientPort');
  return { port: (spec && effectiveDefault(spec)) ?? '2181', host, isSecure: false };
}

function findInMemberLines(io: CliIo, instance: Instance): { host: string | undefined; port: string } | undefined {
  const lines = new Map<string, string>();
  for (const setting of instance.settings.values()) {
    if (setting.name.startsWith('server.')) lines.set(setting.name, setting.text);
  }
  const dynamicFile = instance.setting('dynamicConfigFile');
  if (lines.size === 0 && dynamicFile === undefined) return undefined;
  const serverId = readServerId(instance.dataDir) ?? (lines.size === 1 ? [...lines.keys()][0]?.slice(7) : undefined);
  if (serverId === undefined) {
    io.out.write('myid could not be determined, will not able to locate clientPort in the server configs.\n');
    return undefined;
  }
  const inStatic = clientPart(lines.get(`server.${serverId}`));
  if (inStatic !== undefined) return inStatic;
  io.out.write('Client port not found in static config file. Looking in dynamic config file.\n');
  if (dynamicFile !== undefined) {
    const text = readIfThere(resolve(io.workingDirectory, dynamicFile)) ?? '';
    const entry = parseProperties(text).entries.find(({ key }) => key === `server.${serverId}`);
    const inDynamic = clientPart(entry?.value);
    if (inDynamic !== undefined) return inDynamic;
  }
  io.out.write('Client port not found in the server configs\n');
  return undefined;
}

function clientPart(line: string | undefined): { host: string | undefined; port: string } | undefined {
  const match = /;(?:(.*):)?(\d+)\s*$/.exec(line ?? '');
  if (match === null) return undefined;
  return { host: match[1]?.replace(/^\[(.*)\]$/, '$1'), port: match[2] ?? '' };
}

function readServerId(dataDir: string | undefined): string | undefined {
  if (dataDir === undefined) return undefined;
  const line = readIfThere(join(dataDir, 'myid'))?.split('\n')[0]?.trim();
  return line !== undefined && /^\d+$/.test(line) ? line : undefined;
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
