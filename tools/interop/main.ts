/** `npm run interop`: real clients, and a real server's files, against a running ZooKeeper. */
import { LaunchError, fourLetterWord, whyMissing } from '../lib/launch.ts';
import type { ServerKind } from '../lib/launch.ts';
import { startEnsemble } from './ensemble/tested-ensemble.ts';
import { PeerReport } from './harness.ts';
import { MissingPeerError, installApache } from './install.ts';
import type { Peer } from './peers.ts';
import { PEERS } from './registry.ts';
import { MACHINE_SETTINGS, NO_ADDRESS, SERVER_SETTINGS, externalServer, startServer } from './server.ts';
import type { TestedServer } from './server.ts';

const USAGE = `usage: npm run interop -- [${Object.keys(PEERS).join('|')}]… [options]

Without a name every peer runs, but for those that have to be named:
${Object.values(PEERS)
  .filter(({ onlyByName }) => onlyByName !== undefined)
  .map(({ name, onlyByName }) => `  ${name}: ${onlyByName}`)
  .join('\n')}
Options:
  --server HOST:PORT   a server that is running already, with the settings below
  --against zk|apache  which server to start for each peer (default: zk)
  --allow-missing      a peer that cannot be installed here is no failure
  --ensemble N         an ensemble of so many servers instead of one, whose leader is killed meanwhile
  --long               more kills and longer runs, where a peer has such
  --quick              one in three of the ensembles of several makes
  --verbose            every check, not only those that fail
  --help

Settings that a server given with --server needs:
${Object.entries(SERVER_SETTINGS)
  .map(([key, value]) => `  ${key}=${value}`)
  .join('\n')}
and, for Apache, in JVMFLAGS:
${Object.entries(MACHINE_SETTINGS)
  .map(([key, value]) => `  -D${key}=${value}`)
  .join('\n')}`;

interface Request {
  readonly peers: readonly Peer[];
  readonly server: string | undefined;
  readonly against: ServerKind;
  /** 1 where there is no ensemble. */
  readonly size: number;
  readonly allowsMissing: boolean;
  readonly isVerbose: boolean;
  readonly isLong: boolean;
  readonly isQuick: boolean;
}

interface Totals {
  passed: number;
  failed: number;
  missing: number;
}

async function main(args: readonly string[]): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(USAGE);
    return 0;
  }
  const request = parse(args);
  if (typeof request === 'string') {
    console.error(`${request}\n\n${USAGE}`);
    return 2;
  }
  const totals: Totals = { passed: 0, failed: 0, missing: 0 };
  for (const peer of request.peers) await runPeer(peer, request, totals);
  if (totals.missing > 0) console.log(`${totals.missing} of ${request.peers.length} peers could not run`);
  if (!request.allowsMissing) totals.failed += totals.missing;
  console.log(`${totals.passed} passed, ${totals.failed} failed`);
  return totals.failed === 0 ? 0 : 1;
}

function parse(args: readonly string[]): Request | string {
  const names: string[] = [];
  let server: string | undefined;
  let against = 'zk';
  let size = 1;
  for (let index = 0; index < args.length; index += 1) {
    const arg = args[index] as string;
    if (arg === '--server') server = args[++index] ?? '';
    else if (arg === '--against') against = args[++index] ?? '';
    else if (arg === '--ensemble') size = Number(args[++index]);
    else if (['--allow-missing', '--verbose', '--long', '--quick'].includes(arg)) continue;
    else if (arg in PEERS) names.push(arg);
    else return `unknown argument "${arg}"`;
  }
  if (against !== 'zk' && against !== 'apache') return `--against takes zk or apache, not "${against}"`;
  if (![1, 3, 5, 7].includes(size)) return '--ensemble takes 3, 5 or 7';
  if (server !== undefined && !/^[^:]+:\d+$/.test(server)) return '--server takes HOST:PORT';
  const isAble = (name: string): boolean => size === 1 || PEERS[name]?.notOnEnsembles === undefined;
  const unable = names.find((name) => !isAble(name));
  if (unable !== undefined) return `${unable} cannot run against an ensemble: ${PEERS[unable]?.notOnEnsembles}`;
  const isForAll = (name: string): boolean => isAble(name) && PEERS[name]?.onlyByName === undefined;
  const chosen = names.length === 0 ? Object.keys(PEERS).filter(isForAll) : names;
  return {
    peers: chosen.map((name) => PEERS[name] as Peer),
    server,
    against,
    size,
    allowsMissing: args.includes('--allow-missing'),
    isVerbose: args.includes('--verbose'),
    isLong: args.includes('--long'),
    isQuick: args.includes('--quick'),
  };
}

async function runPeer(peer: Peer, request: Request, totals: Totals): Promise<void> {
  const one = request.server ?? (request.against === 'zk' ? 'this server' : 'Apache ZooKeeper 3.9');
  const target = request.size > 1 ? `an ensemble of ${request.size} of ${one}` : one;
  console.log(`${peer.name}: ${peer.title}, against ${target}`);
  const startedAt = performance.now();
  const report = new PeerReport(peer.name, request.isVerbose);
  let server: TestedServer | undefined;
  try {
    const program = await peer.install();
    server = await serverFor(peer, request);
    report.failover = peer.noFailover === undefined ? server.failover : undefined;
    const { against, isLong, isQuick } = request;
    await program({ report, server, against, isLong, isQuick });
    if (server.address !== NO_ADDRESS) await checkHealth(report, server);
  } catch (error) {
    if (error instanceof MissingPeerError) {
      totals.missing += 1;
      console.log(`  MISSING ${error.message}`);
    } else {
      report.fail(error instanceof LaunchError ? error.message : `${peer.name}: ${describe(error)}`);
    }
  }
  report.printNoise(server?.log() ?? '');
  await server?.stop();
  totals.passed += report.passed;
  totals.failed += report.failures.length;
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  console.log(`  ${report.passed} passed, ${report.failures.length} failed in ${seconds} s`);
}

/** What no client may bring about. */
async function checkHealth(report: PeerReport, server: TestedServer): Promise<void> {
  if (report.failover !== undefined) {
    await report.failover.finish();
    const { kills } = report.failover;
    report.check('a leader was killed meanwhile', kills > 0);
    console.log(`  ${kills} leaders were killed, ${report.repeated} checks interrupted and repeated`);
  }
  const [host, port] = server.address.split(':') as [string, string];
  const mntr = await fourLetterWord(Number(port), 'mntr', host);
  const mismatches = /^zk_digest_mismatches_count\s+(\d+)/m.exec(mntr)?.[1];
  report.check('the server is well afterwards, and no digest differed', mismatches === '0', mismatches ?? 'no answer');
}

async function serverFor(peer: Peer, request: Request): Promise<TestedServer> {
  if (request.server !== undefined) {
    if (peer.startsItsOwn === true) {
      throw new MissingPeerError(`a server that "${peer.name}" may restart`, 'Leave out --server for it.');
    }
    return externalServer(request.server);
  }
  if (request.against === 'apache') await installApache();
  const missing = whyMissing(request.against);
  if (missing !== undefined) throw new LaunchError(missing);
  if (request.size > 1) return startEnsemble(request.against, request.size);
  return peer.startsItsOwn === true ? externalServer(NO_ADDRESS) : startServer(request.against);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

process.exitCode = await main(process.argv.slice(2));
