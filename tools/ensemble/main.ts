/** `npm run ensemble`: a whole ensemble on this machine, with a live status. See README.md next to this file. */
import { connect } from 'node:net';
import { relative, resolve } from 'node:path';
import { repositoryRoot, type ServerKind, whyMissing } from '../lib/launch.js';
import { flag, number, parseOptions, text } from '../lib/options.js';
import { ask, Cluster, type ClusterOptions, kindsOf, portsOf } from './cluster.js';
import { commandHelp } from './commands.js';
import { live } from './live.js';
import { readRecord } from './record.js';
import type { ServerStatus } from './status.js';
import { connectString, plain, table } from './view.js';

const summary = `Starts an ensemble of real processes on 127.0.0.1 and shows how it is, until Ctrl-C. While it runs:\n${commandHelp()}`;

const options = parseOptions('ensemble', summary, {
  servers: number(3, 'n', 'servers that vote'),
  observers: number(0, 'n', 'servers that do not'),
  impl: text('ours', 'kind', 'ours, apache, or mixed (one of each in turn)'),
  'base-port': number(2181, 'port', 'client port of the first server; the others follow'),
  data: text('data/ensemble', 'directory', 'where data and logs are kept, in a folder for each server'),
  once: flag('print the status and end; an ensemble that runs in --data is asked, else one is started and stopped'),
  json: flag('the status as JSON: an object for each change, or one with --once'),
});

const SERVING_DEADLINE_MS = 60_000;

process.exit(await main());

async function main(): Promise<number> {
  const cluster: ClusterOptions = {
    voters: options.servers,
    observers: options.observers,
    kind: kindOf(options.impl),
    basePort: options['base-port'],
    directory: resolve(repositoryRoot, options.data),
  };
  if (!(cluster.voters >= 1 && cluster.observers >= 0)) return refuse('at least one server has to vote');
  const running = readRecord(cluster.directory);
  if (running !== undefined && options.once) return print(await ask(running.servers));
  if (running !== undefined) return refuse(`an ensemble runs already in ${options.data} (process ${running.pid})`);
  const trouble = missing(cluster) ?? (await takenPort(cluster));
  if (trouble !== undefined) return refuse(trouble);
  return options.once ? once(cluster) : show(cluster);
}

async function once(clusterOptions: ClusterOptions): Promise<number> {
  const cluster = await Cluster.start(clusterOptions);
  await cluster.waitAllServing(SERVING_DEADLINE_MS);
  const code = print(await cluster.status());
  await cluster.stop();
  return code;
}

async function show(clusterOptions: ClusterOptions): Promise<number> {
  const cluster = await Cluster.start(clusterOptions);
  const { directory } = clusterOptions;
  const ids = kindsOf(clusterOptions).map((_, i) => ({ ports: portsOf(clusterOptions.basePort, i + 1) }));
  process.stderr.write(`ensemble: clients connect to ${connectString(ids)}\n`);
  process.stderr.write(`ensemble: data and logs are in ${relative(process.cwd(), directory) || directory}\n`);
  await live(cluster, ids.length, options.json);
  process.stderr.write('ensemble: stopping\n');
  await cluster.stop();
  return 0;
}

/** Exit code 1 unless every server serves. */
function print(all: readonly ServerStatus[]): number {
  process.stdout.write(`${options.json ? JSON.stringify(plain(all), null, 2) : table(all)}\n`);
  return all.every(({ zxid }) => zxid !== undefined) ? 0 : 1;
}

function kindOf(impl: string): ClusterOptions['kind'] {
  if (impl === 'ours' || impl === 'zk') return 'zk';
  if (impl === 'apache' || impl === 'mixed') return impl;
  return process.exit(refuse(`unknown implementation "${impl}": ours, apache or mixed`));
}

function missing(clusterOptions: ClusterOptions): string | undefined {
  const reasons = new Set<ServerKind>(kindsOf(clusterOptions));
  return [...reasons].map(whyMissing).find((reason) => reason !== undefined);
}

async function takenPort(clusterOptions: ClusterOptions): Promise<string | undefined> {
  for (const [i] of kindsOf(clusterOptions).entries()) {
    for (const port of Object.values(portsOf(clusterOptions.basePort, i + 1))) {
      if (await isTaken(port)) return `port ${port} is taken: choose others with --base-port`;
    }
  }
  return undefined;
}

function isTaken(port: number): Promise<boolean> {
  return new Promise((resolveTaken) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('connect', () => socket.destroy() && resolveTaken(true));
    socket.on('error', () => resolveTaken(false));
  });
}

function refuse(message: string): number {
  process.stderr.write(`ensemble: ${message}\n`);
  return 2;
}
