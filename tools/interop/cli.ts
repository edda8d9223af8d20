/**
 * Our shell beside Apache's: the same commands on the same server, one after the other, must print the same and end
 * alike. Then our shell at a terminal of its own, and a hundred thousand znodes out of one tree and into another.
 */
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { temporaryDirectory } from '../lib/launch.ts';
import { DrivenShell, isAnswer } from './cli/driven-shell.ts';
import { ONE_SHOTS, SCRIPT } from './cli/script.ts';
import { normalise } from '../../apps/client/test/normalise.ts';
import { INTEROP_DIR, MissingPeerError, REPO_ROOT, installApache } from './install.ts';
import type { JavaHome } from './install.ts';
import type { Peer, PeerContext } from './peers.ts';
import { hasProgram, run } from './process.ts';
import type { RunResult } from './process.ts';
import { SUPER_AUTH } from './server.ts';

const ENTRY = join(REPO_ROOT, 'apps', 'client', 'bin', 'zk-cli.cjs');
const ZNODES = 100_000;
const CHILDREN = 1_000;

export const cli: Peer = {
  name: 'cli',
  title: "zk-cli, compared with Apache's zkCli 3.9, at a terminal, and with 100,000 znodes",
  noFailover: 'two shells have to print the same',
  install: async () => {
    const home = await installApache();
    if (!hasProgram('python3')) {
      throw new MissingPeerError('Python 3', 'On Debian: apt-get install -y python3');
    }
    return async (context) => {
      await compareScript(context, home);
      await compareOneShots(context, home);
      const terminal = [join(INTEROP_DIR, 'cli/terminal.py'), process.execPath, ENTRY, context.server.address];
      await context.report.program('python3', terminal, { env: { PYTHONDONTWRITEBYTECODE: '1' } });
      await moveManyNodes(context);
    };
  },
};

function theirs(home: JavaHome, address: string, args: readonly string[]): readonly [string, readonly string[]] {
  // Without the line editor's library the shell reads plain lines and prints no prompt.
  const jars = readdirSync(home.libDir).filter((name) => !name.startsWith('jline'));
  const classpath = [join(INTEROP_DIR, 'java'), ...jars.map((name) => join(home.libDir, name))].join(':');
  const flags = ['-Xmx128m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Dinterop.log.level=OFF'];
  const main = ['-cp', classpath, 'org.apache.zookeeper.ZooKeeperMain', '-server', address];
  return ['java', [...flags, ...main, ...args]];
}

function ours(address: string, args: readonly string[]): readonly [string, readonly string[]] {
  return [process.execPath, [ENTRY, '-zkcli', '-server', address, ...args]];
}

/** Both shells get the whole script, line by line; each line's answer is compared by itself. */
async function compareScript({ report, server }: PeerContext, home: JavaHome): Promise<void> {
  const answers = [];
  for (const program of [theirs(home, server.address, []), ours(server.address, [])]) {
    await removeAll(server.address);
    const shell = new DrivenShell(...program);
    try {
      answers.push(await shell.runAll(SCRIPT));
    } finally {
      await shell.end();
    }
  }
  const [expected = [], actual = []] = answers;
  report.check('zkCli answers every line', expected.length === SCRIPT.length, `${expected.length} answers`);
  for (const [index, line] of SCRIPT.entries()) {
    const command = typeof line === 'string' ? line : line[0];
    const [theirAnswer, ourAnswer] = [expected[index], actual[index]];
    if (theirAnswer === undefined || ourAnswer === undefined) {
      report.fail(`${command}: no answer`);
      continue;
    }
    report.equal(`${command}: the same answer`, ourAnswer.out, theirAnswer.out);
    report.equal(`${command}: the same on standard error`, ourAnswer.err, theirAnswer.err);
    report.equal(`${command}: the same events`, ourAnswer.events, theirAnswer.events);
  }
}

/** Commands given as arguments: what is printed, and the exit code. */
async function compareOneShots({ report, server }: PeerContext, home: JavaHome): Promise<void> {
  const results: RunResult[][] = [];
  for (const program of [
    (args: readonly string[]) => theirs(home, server.address, args),
    (args: readonly string[]) => ours(server.address, args),
  ]) {
    await removeAll(server.address);
    const ended: RunResult[] = [];
    for (const { args, input } of ONE_SHOTS) {
      ended.push(await run(...program(args), { input: input ?? '', timeoutMs: 60_000 }));
    }
    results.push(ended);
  }
  for (const [index, { args, input }] of ONE_SHOTS.entries()) {
    const [expected, actual] = [results[0]?.[index], results[1]?.[index]] as [RunResult, RunResult];
    const title = args.length > 0 ? args.join(' ') : JSON.stringify(input);
    report.equal(`zk-cli ${title} ends alike`, String(actual.code), String(expected.code));
    report.equal(`zk-cli ${title} prints the same`, withoutEvents(actual.stdout), withoutEvents(expected.stdout));
    report.equal(`zk-cli ${title} complains alike`, normalise(actual.stderr), normalise(expected.stderr));
  }
}

/** As somebody who may: the script locks itself out of some znodes. */
async function removeAll(address: string): Promise<void> {
  for (const path of ['/cli', '/cli-quota', '/cli-once']) {
    await run(process.execPath, [ENTRY, '-auth', `digest:${SUPER_AUTH}`, '-server', address, 'deleteall', path]);
  }
}

/** An event of the connection comes when it comes, amid the answer, in part, or too late. */
function withoutEvents(text: string): string {
  return normalise(text).split('\n').filter(isAnswer).join('\n');
}

async function moveManyNodes({ report, server }: PeerContext): Promise<void> {
  const folder = temporaryDirectory('zk-interop-cli-');
  const [file, copy] = [join(folder, 'made.jsonl'), join(folder, 'copy.jsonl.gz')];
  writeFileSync(file, madeTree());
  const shell = async (...args: string[]): Promise<RunResult> => {
    const startedAt = performance.now();
    const result = await run(process.execPath, [ENTRY, '-server', server.address, ...args], { timeoutMs: 180_000 });
    const seconds = (performance.now() - startedAt) / 1000;
    console.log(`  ${args[0] ?? ''}: ${ZNODES} znodes in ${seconds.toFixed(1)} s`);
    return result;
  };
  const imported = await shell('import', file, '/many');
  report.check('imports 100,000 znodes', imported.code === 0, imported.stderr);
  const exported = await shell('export', '/many', copy);
  report.check('exports them', exported.code === 0, exported.stderr);
  const back = await shell('import', copy, '/many-copy');
  report.check('imports them again', back.code === 0, back.stderr);
  const diff = await shell('diff', '--acl', '/many', '/many-copy');
  report.check('nothing differs then', diff.code === 0 && diff.stdout === '', diff.stdout.slice(0, 500) + diff.stderr);
  const again = await run(process.execPath, [ENTRY, '-server', server.address, 'export', '/many-copy']);
  report.equal('the export is what was made', linesOf(again.stdout), linesOf(readFileSync(file, 'utf8')));
  for (const path of ['/many', '/many-copy']) {
    const removed = await shell('deleteall', path);
    report.check(`deletes ${path}`, removed.code === 0, removed.stderr);
  }
}

/** Without the first line, which says when it was. */
function linesOf(text: string): string {
  return text.slice(text.indexOf('\n') + 1);
}

function madeTree(): string {
  const lines = ['{"format":"zk-export","version":1,"root":"/many","exportedAt":"2026-01-01T00:00:00.000Z"}'];
  lines.push('{"path":"/","data":"all of them"}');
  const groups = (ZNODES - 1) / (CHILDREN + 1);
  for (let group = 0, left = ZNODES - 1; group < groups && left > 0; group++) {
    const name = `/group-${String(group).padStart(4, '0')}`;
    lines.push(JSON.stringify({ path: name, data: null }));
    left -= 1;
    for (let child = 0; child < CHILDREN && left > 0; child++, left--) {
      const path = `${name}/child-${String(child).padStart(5, '0')}`;
      const data = `data of ${path}, ${'x'.repeat(child % 100)}`;
      lines.push(
        JSON.stringify(
          child % 10 === 0 ? { path, base64: Buffer.from([255, child % 256]).toString('base64') } : { path, data },
        ),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}
