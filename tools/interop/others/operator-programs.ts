/** What operators have: zk-shell, and the ways in which monitoring reads four-letter words. */
import { join } from 'node:path';

import { fourLetterWord } from '../../lib/launch.ts';
import type { PeerReport } from '../harness.ts';
import { run } from '../process.ts';
import { installPython } from './language-programs.ts';
import type { Program } from './program.ts';

const TIMEOUT_MS = 60_000;
const SETTLING_MS = 15_000;

/** What zk-shell is given. PATH stands for a path that is used once. */
const COMMANDS = [
  "create PATH 'first'",
  'get PATH',
  "create PATH/child 'leaf'",
  "create PATH/own 'x' ephemeral=true",
  "set PATH 'second'",
  'get PATH',
  'exists PATH',
  'cp PATH/child PATH/copy',
  'get PATH/copy',
  'tree PATH',
  'get_acls PATH',
  "set_acls PATH/child 'world:anyone:r'",
  'get_acls PATH/child',
  'txn \'create PATH/txn "made"\' \'set PATH/copy "changed"\'',
  'get PATH/txn',
  'get PATH/copy',
  'diff PATH/own PATH/own',
  'find PATH tx',
  'rmr PATH/copy',
  'exists PATH/copy',
  'mntr',
];

/** What it has to print for them, in this order, with anything in between. */
const ANSWERS: readonly RegExp[] = [
  /^first$/,
  /^second$/,
  /^ {2}version=1$/,
  /^ {2}numChildren=2$/,
  /^leaf$/,
  /^├── (child|copy|own)$/,
  /^PATH: \['WORLD_ALL'\]$/,
  /^PATH\/child: \['WORLD_READ'\]$/,
  /^made$/,
  /^changed$/,
  /^Branches are equal\.$/,
  /^PATH\/txn$/,
  /^Path PATH\/copy doesn't exist$/,
  /^zk_server_state\s+\w+$/,
];

const zkShell: Program = {
  title: 'zk-shell 1.3.4 (Python)',
  install: async () => {
    const bin = await installPython();
    return async ({ report }, servers) => {
      const path = `/zk-shell-${process.hrtime.bigint()}`;
      const input = COMMANDS.map((command) => `${command.replaceAll('PATH', path)}\n`).join('');
      const args = ['--run-from-stdin', '--connect-timeout', String(SETTLING_MS / 1000), servers];
      const { stdout, stderr } = await run(join(bin, 'zk-shell'), args, { input, timeoutMs: TIMEOUT_MS });
      const missing = firstMissing(stdout.split('\n'), path);
      const sentence = `zk-shell answers ${COMMANDS.length} commands`;
      report.check(sentence, missing === undefined, `no line like ${missing} in\n${stdout}${stderr}`);
    };
  },
};

/** The first answer that does not come behind the one before it. */
function firstMissing(lines: readonly string[], path: string): string | undefined {
  let from = 0;
  for (const { source } of ANSWERS) {
    const wanted = new RegExp(source.replaceAll('PATH', path));
    const at = lines.findIndex((line, index) => index >= from && wanted.test(line));
    if (at === -1) return source;
    from = at + 1;
  }
  return undefined;
}

const monitoring: Program = {
  title: 'four-letter words as monitoring reads them',
  install: async () => {
    return async ({ report }, servers) => {
      for (const server of servers.split(',')) await readWords(report, server);
    };
  },
};

async function readWords(report: PeerReport, server: string): Promise<void> {
  const [host, port] = server.split(':') as [string, string];
  const ask = (word: string): Promise<string> => fourLetterWord(Number(port), word, host);
  report.equal(`${server}: ruok`, await ask('ruok'), 'imok');
  const strange = linesOf(await ask('mntr')).find((line) => !/^zk_\w[\w.-]*\s+[\w.-]+/.test(line));
  report.check(`${server}: every line of mntr is a name and a value (Telegraf)`, strange === undefined, strange);
  // A newline behind the word, as those send it who write lines.
  report.check(`${server}: mntr may be a line`, /^zk_version\t/.test(await ask('mntr\n')));
  const stat = await ask('stat');
  report.check(`${server}: stat has its lines in their order (Datadog, Nagios)`, STAT.test(stat), stat);
  const isReady = linesOf(await ask('mntr')).some((line) =>
    /^zk_server_state\t(leader|follower|standalone)$/.test(line),
  );
  report.check(`${server}: mntr names the state`, isReady);
}

const STAT = new RegExp(
  [
    /^Zookeeper version: \d+\.\d+\.\d+\S*, built on .+/,
    /Clients:/,
    /(?: \/\S+\[\d\]\(queued=\d+,recved=\d+,sent=\d+\)\n)+/,
    /Latency min\/avg\/max: \d+\/\d+\.\d+\/\d+/,
    /Received: \d+/,
    /Sent: \d+/,
    /Connections: \d+/,
    /Outstanding: \d+/,
    /Zxid: 0x[0-9a-f]+/,
    /Mode: \w+/,
    /Node count: \d+/,
  ]
    .map(({ source }) => source)
    .join('\\n'),
);

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

export const operatorPrograms: readonly Program[] = [zkShell, monitoring];
