import os from 'node:os';
import type { EnsembleView } from '../ensemble-view.js';
import { COMPATIBLE_VERSION, VERSION_LINE } from '../version.js';
import type { WordContext } from './context.js';

const MEGABYTE = 1024 * 1024;

/** The settings in force: `conf`. */
export async function confReport({ server, storage, options, view }: WordContext): Promise<string> {
  const usage = await storage.usage();
  const { dataDir, dataLogDir } = storage.location;
  const port = (name: string): number => server.addresses.find((address) => address.name === name)?.port ?? -1;
  return [
    `clientPort=${port('client')}`,
    `secureClientPort=${port('secure')}`,
    `dataDir=${versioned(dataDir)}`,
    `dataDirSize=${usage.snapshotBytes}`,
    `dataLogDir=${versioned(dataLogDir)}`,
    `dataLogSize=${usage.logBytes}`,
    `tickTime=${options.tickTimeMs}`,
    `maxClientCnxns=${options.maxClientConnections}`,
    `minSessionTimeout=${options.minSessionTimeoutMs}`,
    `maxSessionTimeout=${options.maxSessionTimeoutMs}`,
    `clientPortListenBacklog=${options.listenBacklog ?? -1}`,
    `serverId=${view?.serverId ?? 0}`,
    ...(view === undefined ? [''] : ensembleSettings(view)),
  ].join('\n');
}

/** A read-only server does not say who belongs to the ensemble; the others end without a newline. */
function ensembleSettings({ serverId, config, mode, initLimitTicks, syncLimitTicks }: EnsembleView): string[] {
  const own = config.servers.get(serverId);
  const ports = (name: 'electionPort' | 'quorumPort'): string =>
    own?.addresses.map((address) => address[name]).join('|') ?? '';
  return [
    `initLimit=${initLimitTicks}`,
    `syncLimit=${syncLimitTicks}`,
    'electionAlg=3',
    `electionPort=${ports('electionPort')}`,
    `quorumPort=${ports('quorumPort')}`,
    `peerType=${own?.role === 'observer' ? 1 : 0}`,
    ...(mode === 'read-only' ? [''] : ['membership: ', config.text]),
  ];
}

/** Where the files are; empty when they are nowhere. */
function versioned(directory: string): string {
  return directory === '' ? '' : `${directory}/version-2`;
}

/** Bytes on disk: `dirs`. */
export async function dirsReport({ storage }: WordContext): Promise<string> {
  const usage = await storage.usage();
  return `datadir_size: ${usage.snapshotBytes}\nlogdir_size: ${usage.logBytes}\n`;
}

/** The process and its machine: `envi`. The names are Apache's, since tools read them; Java's are answered by Node's. */
export function enviReport(): string {
  const user = userInfo();
  const memory = process.memoryUsage();
  const values: Record<string, string> = {
    'zookeeper.version': VERSION_LINE,
    'host.name': os.hostname(),
    'java.version': `none (Node.js ${process.version})`,
    'java.vendor': `none (compatible with Apache ZooKeeper ${COMPATIBLE_VERSION})`,
    'java.home': process.execPath,
    'java.class.path': process.argv[1] ?? '',
    'java.library.path': '',
    'java.io.tmpdir': os.tmpdir(),
    'java.compiler': '<NA>',
    'os.name': os.type(),
    'os.arch': os.arch(),
    'os.version': os.release(),
    'user.name': user.username,
    'user.home': user.homedir,
    'user.dir': process.cwd(),
    'os.memory.free': `${Math.round(os.freemem() / MEGABYTE)}MB`,
    'os.memory.max': `${Math.round(os.totalmem() / MEGABYTE)}MB`,
    'os.memory.total': `${Math.round(memory.rss / MEGABYTE)}MB`,
  };
  return `Environment:\n${Object.entries(values)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')}`;
}

/** A container may run us as a user nobody has registered. */
function userInfo(): { readonly username: string; readonly homedir: string } {
  try {
    return os.userInfo();
  } catch {
    return { username: '?', homedir: '?' };
  }
}
