/** Apache's offline tools read the files of the tested server: TxnLogToolkit its logs, SnapshotFormatter a snapshot. */
import { basename, join } from 'node:path';

import { logEntries } from '../../lib/txn-log.ts';
import type { PeerReport } from '../harness.ts';
import { installApache } from '../install.ts';
import { run, tail } from '../process.ts';

export interface OfflineFiles {
  readonly report: PeerReport;
  /** Put in front of each sentence. */
  readonly name: string;
  readonly folder: string;
  readonly logs: readonly string[];
  /** The snapshot to read. */
  readonly snapshot: string | undefined;
  /** The tree as `dumpTree` gave it later. */
  readonly dump: string;
}

const TOOL_FLAGS = ['-Xmx256m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dinterop.log.level=WARN'];

export async function readOffline(files: OfflineFiles): Promise<void> {
  const { report, name, folder, logs, snapshot } = files;
  for (const log of logs) {
    const expected = `EOF reached after ${logEntries(join(folder, log)).length} txns.`;
    const { isFine, output } = await tool('persistence.TxnLogToolkit', join(folder, log));
    const isRead = isFine && output.includes(expected);
    report.check(`${name}: TxnLogToolkit reads a log to its end`, isRead, `${log}: ${tail(output, 2)}`);
  }
  if (snapshot === undefined) return;
  const { isFine, output } = await tool('SnapshotFormatter', join(folder, snapshot));
  const zxid = BigInt(`0x${/^snapshot\.([0-9a-f]+)/.exec(basename(snapshot))?.[1]}`);
  // A snapshot may hold transactions that came while it was written.
  const last = /^Last zxid: (0x[0-9a-f]+)$/m.exec(output)?.[1];
  const isRead = isFine && last !== undefined && BigInt(last) >= zxid;
  report.check(`${name}: SnapshotFormatter reads a snapshot`, isRead, `${snapshot}: ${tail(output, 2)}`);
  const wanted = dumped(files.dump, zxid);
  const found = formatted(output);
  const lines = [...wanted].map(([path, fields]) => `${path} ${fields}`).sort();
  const actual = [...wanted.keys()].map((path) => `${path} ${found.get(path) ?? 'is missing'}`).sort();
  const isEnough = zxid === 0n || lines.length > 10;
  report.check(`${name}: there is a tree to compare with the snapshot`, isEnough, `${lines.length} znodes`);
  report.equal(`${name}: SnapshotFormatter finds the tree in it`, actual.join('\n'), lines.join('\n'));
}

async function tool(name: string, file: string): Promise<{ isFine: boolean; output: string }> {
  const { classpath } = await installApache();
  const args = [...TOOL_FLAGS, '-cp', classpath, `org.apache.zookeeper.server.${name}`, '-d', file];
  const { code, stdout, stderr } = await run('java', args, { timeoutMs: 60_000 });
  const output = `${stderr}\n${stdout}`;
  return { isFine: code === 0 && !/CRC ERROR|Exception|\bERROR\b/.test(output), output };
}

/** By path: zxids of creation, data and children, version and length of the data, from SnapshotFormatter. */
function formatted(output: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const block of output.split(/^----\n/m)) {
    const path = /^(\/.*)\n {2}cZxid = /.exec(block)?.[1];
    if (path === undefined) continue;
    const field = (name: string): bigint =>
      BigInt(new RegExp(`^ {2}${name} = (0x[0-9a-f]+|\\d+)$`, 'm').exec(block)?.[1] ?? 0);
    const data = /^ {2}data = (.*)$/m.exec(block)?.[1] ?? '';
    const fields = ['cZxid', 'mZxid', 'pZxid', 'dataVersion'].map(field);
    found.set(path, `${fields.join(' ')} ${data.length}`);
  }
  return found;
}

const DUMPED =
  /^(\/.*?) (?:null|".*") czxid=(\d+) mzxid=(\d+) .*? version=(\d+) .*? dataLength=(\d+) .*? pzxid=(\d+) /s;

/** The same from a dump, for those znodes that have not changed since `zxid`. */
function dumped(dump: string, zxid: bigint): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of dump.split('\n')) {
    const fields = DUMPED.exec(line);
    if (fields === null) continue;
    const [, path, czxid, mzxid, version, length, pzxid] = fields as unknown as string[];
    const isNewer = [czxid, mzxid, pzxid].some((value) => BigInt(value ?? 0) > zxid);
    // The stats of a quota change without a transaction of their own.
    if (path === undefined || isNewer || path.endsWith('/zookeeper_stats')) continue;
    const encodedLength = Math.ceil(Number(length) / 3) * 4;
    found.set(path, `${czxid} ${mzxid} ${pzxid} ${version} ${encodedLength}`);
  }
  return found;
}
