import { readFile } from 'node:fs/promises';
import { errorOfCode } from '@zk/client-api';
import { UsageError } from '../cli/exit-codes.js';
import { dataText } from '../format/data.js';
import { statJson, statText } from '../format/stat.js';
import type { Call, Command } from './command.js';
import { OPTIONS } from './shared-options.js';

const CONFIG_PATH = '/zookeeper/config';

const config: Command = {
  name: 'config',
  usage: '[-c] [-w] [-s]',
  summary: 'print the dynamic configuration of the ensemble',
  options: [
    { letter: 'c', name: 'client', summary: 'only its version and where clients connect' },
    OPTIONS.watch,
    OPTIONS.stat,
  ],
  args: { min: 0 },
  completes: 'none',
  isZkCli: true,
  async run(call) {
    const { client, signal, out } = call;
    if (call.has('watch')) {
      await call.shell.watches.read('data', CONFIG_PATH, {
        watched: () => client.getAndWatch(CONFIG_PATH, { signal }),
      });
    }
    const { data, stat } = await client.getConfig({ signal });
    const text = dataText(data);
    out.emit({ ...parseConfig(text), ...(call.has('stat') ? { stat: statJson(stat) } : {}) }, () => {
      const shown = call.has('client') ? clientConfig(text) : text;
      return call.has('stat') ? `${shown}\n${statText(stat)}` : shown;
    });
  },
};

/** Version and client addresses of a configuration: `100000000 host:port,host:port`. */
export function clientConfig(text: string): string {
  const { version, servers } = parseConfig(text);
  const addresses = Object.values(servers).flatMap((server) => {
    const [, client] = server.split(';');
    if (client === undefined) return [];
    const host = /^(?:\[[^\]]*\]|[^:]*)/.exec(server)?.[0] ?? '';
    // Behind the semicolon: a port, or an address and a port. One that is bound everywhere is told by its host.
    const bound = client.includes(':') ? client : `${host}:${client}`;
    return [bound.replace(/^(?:0\.0\.0\.0|\[?::\]?)(?=:\d+$)/, host)];
  });
  return `${version} ${addresses.join(',')}`;
}

interface ParsedConfig {
  /** Hexadecimal, as it is written; empty when there is none. */
  readonly version: string;
  readonly servers: Readonly<Record<string, string>>;
}

function parseConfig(text: string): ParsedConfig {
  const servers: Record<string, string> = {};
  let version = '';
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at === -1) continue;
    const [key, value] = [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    if (key === 'version') version = value;
    else if (key.startsWith('server.')) servers[key.slice('server.'.length)] = value;
  }
  return { version, servers };
}

const reconfig: Command = {
  name: 'reconfig',
  usage:
    '[-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;port3[,...]*]] ' +
    '| [-add serverId=host:port1:port2;port3[,...]]* [-remove serverId[,...]*]',
  summary: 'change who is in the ensemble',
  details: 'In a shell of the system, put quotes around what has a semicolon in it.',
  options: [
    OPTIONS.stat,
    {
      letter: 'v',
      name: 'version',
      value: 'version',
      summary: 'only if the configuration has this version (hexadecimal)',
    },
    { name: 'file', value: 'path', summary: 'a file with all members' },
    { name: 'members', value: 'servers', summary: 'all members' },
    { name: 'add', value: 'servers', isRepeatable: true, summary: 'who joins' },
    { name: 'remove', value: 'ids', isRepeatable: true, summary: 'who leaves' },
  ],
  args: { min: 0 },
  completes: 'none',
  isZkCli: true,
  async run(call) {
    const { data, stat } = await reconfigure(call, await changeOf(call));
    const text = dataText(data);
    call.out.emit({ ...parseConfig(text), ...(call.has('stat') ? { stat: statJson(stat) } : {}) }, () => {
      const committed = `Committed new configuration:\n${text}`;
      return call.has('stat') ? `${committed}\n${statText(stat)}` : committed;
    });
  },
};

/** A refusal concerns the ensemble, no path. */
async function reconfigure(call: Call, change: Change): ReturnType<Call['client']['reconfig']> {
  try {
    return await call.client.reconfig(change, { signal: call.signal });
  } catch (error) {
    const { code } = error as { readonly code?: unknown };
    throw typeof code === 'number' && code < 0 ? errorOfCode(code) : error;
  }
}

type Change = Parameters<Call['client']['reconfig']>[0];

async function changeOf(call: Call): Promise<Change> {
  const [joining, leaving] = [listed(call, 'add'), listed(call, 'remove')];
  const file = call.value('file');
  const isWhole = file !== undefined || call.has('members');
  if (isWhole && joining.length + leaving.length > 0) {
    throw new UsageError(
      "Can't use -file or -members together with -add or -remove (mixing incremental and non-incremental modes is not allowed)",
    );
  }
  if (file !== undefined && call.has('members')) {
    throw new UsageError("Can't use -file and -members together (conflicting non-incremental modes)");
  }
  if (!isWhole && joining.length + leaving.length === 0) throw call.usage();
  const fromConfig = versionOf(call);
  const from = fromConfig === undefined ? {} : { fromConfig };
  if (!isWhole) return { joining, leaving, ...from };
  const newMembers = file === undefined ? listed(call, 'members') : await membersOfFile(file);
  return { newMembers, ...from };
}

function listed(call: Call, option: string): readonly string[] {
  return call
    .values(option)
    .flatMap((text) => text.split(','))
    .filter((text) => text !== '');
}

function versionOf(call: Call): bigint | undefined {
  const text = call.value('version');
  if (text === undefined) return undefined;
  if (!/^[0-9a-fA-F]{1,16}$/.test(text)) throw new UsageError(`-v needs a hexadecimal number, not "${text}"`);
  return BigInt.asIntN(64, BigInt(`0x${text}`));
}

async function membersOfFile(file: string): Promise<readonly string[]> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`Error processing ${file}: ${(error as Error).message}`);
  }
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line.startsWith('server.'));
}

export const configCommands: readonly Command[] = [config, reconfig];
