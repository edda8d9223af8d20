/** The server under test: ours or Apache ZooKeeper 3.9, started with the settings that the peers' checks rely on. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { LaunchError, launch, temporaryDirectory } from '../lib/launch.ts';
import type { RunningServer, ServerKind } from '../lib/launch.ts';
import type { Failover } from './ensemble/failover.ts';
import { tail } from './process.ts';

export const SUPER_AUTH = 'super:interop';

/** What zoo.cfg must say for the checks to pass; a server given with `--server` needs the same lines. */
export const SERVER_SETTINGS: Readonly<Record<string, string | number>> = {
  tickTime: 200,
  maxSessionTimeout: 60_000,
  maxClientCnxns: 0,
  '4lw.commands.whitelist': '*',
  'admin.enableServer': 'false',
  extendedTypesEnabled: 'true',
  enforceQuota: 'true',
  'DigestAuthenticationProvider.superDigest': `super:${createHash('sha1').update(SUPER_AUTH).digest('base64')}`,
};

/** Settings that Apache reads from the command line of its virtual machine only. */
export const MACHINE_SETTINGS: Readonly<Record<string, string | number>> = {
  'znode.container.checkIntervalMs': 300,
};

export interface TestedServer {
  readonly kind: ServerKind | 'external';
  readonly address: string;
  /** All members of an ensemble, for a peer that takes several; `address` is one of them. */
  readonly hosts?: string;
  /** The whole log so far; empty for a server that was not started here. */
  readonly log: () => string;
  /** SIGTERM, and waits. */
  readonly stop: () => Promise<void>;
  /** SIGKILL, and waits. */
  readonly kill: () => Promise<void>;
  /** An ensemble loses its leader in the middle of the checks. */
  readonly failover?: Failover;
  /** Stops the server that `address` names, and starts it again, with its data, on the same port. */
  readonly restartable?: RestartableServer;
}

export interface RestartableServer {
  readonly stop: () => Promise<void>;
  readonly run: () => Promise<void>;
}

export interface StartOptions {
  readonly settings?: Readonly<Record<string, string | number>>;
  readonly machineSettings?: Readonly<Record<string, string | number>>;
  /** Default: a fresh one, removed when the tool ends. */
  readonly dataDir?: string;
  readonly port?: number;
  /** Of Apache's server; see `launch`. */
  readonly extraJars?: readonly string[];
  readonly logback?: string;
}

let logs = 0;
let logFolder: string | undefined;

/** Starts a server; throws LaunchError with the end of its log when it does not come up. */
export async function startServer(kind: ServerKind, options: StartOptions = {}): Promise<TestedServer> {
  logFolder ??= temporaryDirectory('zk-interop-logs-');
  const logFile = join(logFolder, `${++logs}-${kind}.log`);
  const log = (): string => (existsSync(logFile) ? readFileSync(logFile, 'utf8') : '');
  const machineSettings = { ...MACHINE_SETTINGS, ...options.machineSettings };
  const settings = { ...SERVER_SETTINGS, ...options.settings };
  const properties = Object.entries(machineSettings).map(([name, value]) => `-D${name}=${value}`);
  const running = await start(
    {
      kind,
      dataDir: options.dataDir ?? temporaryDirectory(`zk-interop-${kind}-`),
      config: kind === 'zk' ? { ...settings, ...machineSettings } : settings,
      runtimeArgs: kind === 'apache' ? ['-Xmx512m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...properties] : [],
      // The log goes to a file as a whole; `exec` keeps the process id that signals are sent to.
      wrapper: ['/bin/sh', '-c', 'exec "$@" >"$0" 2>&1', logFile],
      ...(options.port === undefined ? {} : { port: options.port }),
      ...(options.extraJars === undefined ? {} : { extraJars: options.extraJars }),
      ...(options.logback === undefined ? {} : { logback: options.logback }),
    },
    log,
  );
  return { kind, address: `127.0.0.1:${running.port}`, log, stop: running.stop, kill: running.kill };
}

async function start(options: Parameters<typeof launch>[0], log: () => string): Promise<RunningServer> {
  try {
    return await launch(options);
  } catch (error) {
    throw new LaunchError(`${error instanceof Error ? error.message : String(error)}\n${tail(log(), 20)}`);
  }
}

/** For peers that start what they need. */
export const NO_ADDRESS = 'none';

/** A server that somebody else runs. */
export function externalServer(address: string): TestedServer {
  const nothing = async (): Promise<void> => undefined;
  return { kind: 'external', address, log: () => '', stop: nothing, kill: nothing };
}
