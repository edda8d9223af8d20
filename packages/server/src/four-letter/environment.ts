import os from 'node:os';
import type { EnsembleView } from '../ensemble-view.js';
import type { Inspection } from '../inspection.js';
import { COMPATIBLE_VERSION, VERSION_LINE } from '../version.js';

const MEGABYTE = 1024 * 1024;

/** Settings in force that every server has. */
export interface SettingFacts {
  /** -1 where there is none. */
  readonly clientPort: number;
  readonly secureClientPort: number;
  readonly dataDir: string;
  readonly dataLogDir: string;
  /** -1: the platform's default. */
  readonly listenBacklog: number;
  /** 0 for a server on its own. */
  readonly serverId: bigint;
}

export function settingFacts({ server, storage, options, view }: Inspection): SettingFacts {
  const { dataDir, dataLogDir } = storage.location;
  const port = (name: string): number => server.addresses.find((address) => address.name === name)?.port ?? -1;
  return {
    clientPort: port('client'),
    secureClientPort: port('secure'),
    dataDir: versioned(dataDir),
    dataLogDir: versioned(dataLogDir),
    listenBacklog: options.listenBacklog ?? -1,
    serverId: view?.serverId ?? 0n,
  };
}

/** The settings in force: `conf`. */
export async function confReport(inspection: Inspection): Promise<string> {
  const { storage, options, view } = inspection;
  const usage = await storage.usage();
  const settings = settingFacts(inspection);
  return [
    `clientPort=${settings.clientPort}`,
    `secureClientPort=${settings.secureClientPort}`,
    `dataDir=${settings.dataDir}`,
    `dataDirSize=${usage.snapshotBytes}`,
    `dataLogDir=${settings.dataLogDir}`,
    `dataLogSize=${usage.logBytes}`,
    `tickTime=${options.tickTimeMs}`,
    `maxClientCnxns=${options.maxClientConnections}`,
    `minSessionTimeout=${options.minSessionTimeoutMs}`,
    `maxSessionTimeout=${options.maxSessionTimeoutMs}`,
    `clientPortListenBacklog=${settings.listenBacklog}`,
    `serverId=${settings.serverId}`,
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
export async function dirsReport({ storage }: Inspection): Promise<string> {
  const usage = await storage.usage();
  return `datadir_size: ${usage.snapshotBytes}\nlogdir_size: ${usage.logBytes}\n`;
}

/** The process and its machine. The names are Apache's, since tools read them; Java's are answered by Node's. */
export function environmentFacts(): Readonly<Record<string, string>> {
  const user = userInfo();
  const memory = process.memoryUsage();
  return {
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
}

/** As {@link environmentFacts}: `envi`. */
export function enviReport(): string {
  return `Environment:\n${Object.entries(environmentFacts())
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
