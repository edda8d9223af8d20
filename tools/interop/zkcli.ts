/**
 * Apache's zkCli, fed with the same commands once against the server under test and once against Apache's own server.
 * What it prints must be the same, apart from clocks, zxids and session ids: those are replaced by the order in which
 * they appear, so that equal ones must still be equal.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import type { PeerReport } from './harness.ts';
import { INTEROP_DIR } from './install.ts';
import type { JavaHome } from './install.ts';
import { run } from './process.ts';
import type { RunResult } from './process.ts';
import { startServer } from './server.ts';
import type { TestedServer } from './server.ts';

const SCRIPT = `
create /a first
create /a again
create /a/b
create -s /a/seq- data
create -s /a/seq- data
create -e /a/eph mine
create /a/eph/child x
create -c /a/container
create -t 3600000 /a/ttl lasting
create -s -t 3600000 /a/ttlseq- lasting
create -e -s /a/es- x
create -e -c /a/impossible
create /missing/parent x
create noslash x
ls /a
ls -s /a
ls -R /
ls /missing
stat /a
stat /a/eph
stat /missing
get /a
get -s /a
get /missing
get -s /a/ttl
get -b /a
set /a second
set -s /a third
set -v 1 /a refused
set -v 2 /a fourth
set /missing x
getAcl /a
getAcl -s /a
addauth digest cli:secret
setAcl /a/b auth::cdrwa
getAcl /a/b
setAcl -v 7 /a/b world:anyone:r
setAcl /a world:anyone:cdrwa,ip:127.0.0.1:r
getAcl /a
setAcl /a digest:broken:r
setAcl /missing world:anyone:r
whoami
getEphemerals
getEphemerals /a
getAllChildrenNumber /a
getAllChildrenNumber /missing
sync /a
setquota -n 5 -b 1000 /a/b
setquota -N 2 /a/b
setquota -n 5 /missing
listquota /a/b
create /a/b/one x
create /a/b/two x
listquota /a/b
delquota -n /a/b
listquota /a/b
delquota /a/b
listquota /a/b
listquota /missing
config
reconfig -remove 1
get -w /a
set /a watched
stat -w /a/b
ls -w /a/b
create /a/b/three x
addWatch -m PERSISTENT /a/seq-0000000001
set /a/seq-0000000001 one
set /a/seq-0000000001 two
addWatch /a/ttl
create /a/ttl/x
delete /a/ttl/x
removewatches /a/ttl -a
removewatches /a/missing
delete -v 9 /a/seq-0000000001
delete -v 2 /a/seq-0000000001
delete /a
delete /missing
deleteall /a/b
ls /a
deleteall /missing
deleteall /a
ls /
nosuchcommand
quit
`;

/** Commands given as arguments: what counts is what is printed and the exit code. */
const SINGLE_COMMANDS: readonly (readonly string[])[] = [
  ['ls', '/'],
  ['get', '/nothing'],
  ['create', '/single', 'x'],
];

interface ShellOutput {
  readonly answers: string;
  readonly complaints: string;
  readonly events: string;
}

export async function compareShells(report: PeerReport, server: TestedServer, home: JavaHome): Promise<void> {
  const { address } = server;
  // What a single server has to say of its configuration is not what one of several has.
  const script = server.failover === undefined ? SCRIPT : SCRIPT.replace('\nconfig\n', '\n');
  const reference = await startServer('apache');
  try {
    const [ours, theirs] = await Promise.all([address, reference.address].map((each) => runScript(each, home, script)));
    const lines = theirs.answers.split('\n').length;
    report.check('zkCli runs its commands against Apache', lines > 100, `${lines} lines\n${theirs.complaints}`);
    report.equal('zkCli prints the same answers', ours.answers, theirs.answers);
    report.equal('zkCli prints the same errors', ours.complaints, theirs.complaints);
    report.equal('zkCli hears the same events', ours.events, theirs.events);
    for (const command of SINGLE_COMMANDS) {
      const [one, other] = await Promise.all([
        shell([`${address}/zkcli`, command], home, ''),
        shell([`${reference.address}/zkcli`, command], home, ''),
      ]);
      report.equal(`zkCli ${command.join(' ')} prints the same`, readOutput(one).answers, readOutput(other).answers);
      report.equal(`zkCli ${command.join(' ')} complains alike`, normalise(one.stderr), normalise(other.stderr));
      report.equal(`zkCli ${command.join(' ')} ends alike`, String(one.code), String(other.code));
    }
  } finally {
    await reference.stop();
  }
}

async function runScript(address: string, home: JavaHome, script: string): Promise<ShellOutput> {
  await shell([address, ['deleteall', '/zkcli']], home, '');
  await shell([address, ['create', '/zkcli']], home, '');
  const result = await shell([`${address}/zkcli`, []], home, script.trimStart());
  return readOutput(result);
}

/** Events are printed by a thread of their own, anywhere between the answers: they are kept apart. */
function readOutput(result: RunResult): ShellOutput {
  const lines = normalise(result.stdout).split('\n');
  const isEvent = (line: string): boolean => line.startsWith('WatchedEvent');
  const isFrame = (line: string): boolean => line === '' || line === 'WATCHER::';
  return {
    answers: lines.filter((line) => !isEvent(line) && !isFrame(line)).join('\n'),
    complaints: normalise(result.stderr),
    events: lines.filter(isEvent).join('\n'),
  };
}

function shell([address, command]: [string, readonly string[]], home: JavaHome, input: string): Promise<RunResult> {
  // Without the line editor's library the shell reads plain lines and prints no prompt.
  const jars = readdirSync(home.libDir).filter((name) => !name.startsWith('jline'));
  const classpath = [join(INTEROP_DIR, 'java'), ...jars.map((name) => join(home.libDir, name))].join(':');
  const flags = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dinterop.log.level=OFF'];
  const args = [...flags, '-cp', classpath, 'org.apache.zookeeper.ZooKeeperMain', '-server', address, ...command];
  return run('java', args, { input, timeoutMs: 60_000 });
}

function normalise(text: string): string {
  const seen = new Map<string, string>();
  const name = (value: string): string => {
    if (value === '0x0' || value === '0xffffffffffffffff') return value;
    const known = seen.get(value) ?? `#${seen.size + 1}`;
    seen.set(value, known);
    return known;
  };
  return text
    .replace(/0x[0-9a-f]+/g, name)
    .replace(/\b[A-Z][a-z]{2} [A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d \S+ \d{4}/g, 'DATE')
    .replace(/zxid: \d+/g, 'zxid: N')
    .replace(/127\.0\.0\.1:\d+/g, 'SERVER')
    .replace(/(?:^(?:ip|digest): .*\n?)+/gm, sortLines)
    .replace(/^\[(.+)\]$/gm, sortList)
    .trim();
}

/** Apache keeps the identities and the ephemerals of a session in hash sets: neither has an order. */
function sortLines(block: string): string {
  return `${block.trimEnd().split('\n').sort().join('\n')}\n`;
}

function sortList(_line: string, list: string): string {
  return `[${list.split(', ').sort().join(', ')}]`;
}
