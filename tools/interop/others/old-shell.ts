/** zkCli of an older release, with a script on its standard input. */
import type { PeerReport } from '../harness.ts';
import type { JavaHome } from '../install.ts';
import { javaArgs } from '../java.ts';
import { run } from '../process.ts';

const TIMEOUT_MS = 60_000;

/** What is typed, and a line that has to come, if it prints any. PATH stands for a path that is used once. */
const SCRIPT: readonly (readonly [command: string, answer?: RegExp])[] = [
  ['create PATH first', /^Created PATH$/],
  ['get PATH', /^first$/],
  ['set PATH second', /^dataVersion = 1$/],
  ['create -e PATH/own x', /^Created PATH\/own$/],
  ['create -s PATH/n- x', /^Created PATH\/n-0000000001$/],
  ['ls PATH', /^\[(own, n-0000000001|n-0000000001, own)\]$/],
  ['stat PATH', /^numChildren = 2$/],
  ['getAcl PATH', /^'world,'anyone$/],
  ['setquota -n 10 PATH'],
  ['listquota PATH', /count=10/],
  ['delquota PATH'],
  ['addauth digest old:secret'],
  ['create PATH/mine x auth::cdrwa', /^Created PATH\/mine$/],
  ['getAcl PATH/mine', /^'digest,'old:/],
  ['delete PATH/mine'],
  ['rmr PATH'],
  ['stat PATH', /Node does not exist: PATH/],
  ['quit'],
];

export async function runOldShell(report: PeerReport, home: JavaHome, servers: string): Promise<void> {
  const path = `/shell-${process.hrtime.bigint()}`;
  const input = SCRIPT.map(([command]) => `${command.replaceAll('PATH', path)}\n`).join('');
  const args = javaArgs(home, 'org.apache.zookeeper.ZooKeeperMain', '-server', servers);
  const { stdout, stderr } = await run('java', args, { input, timeoutMs: TIMEOUT_MS });
  const lines = `${stdout}\n${stderr}`.split('\n').map((line) => line.replace(/^\[zk: [^\]]*\] /, ''));
  const before = report.failures.length;
  for (const [command, answer] of SCRIPT) {
    if (answer === undefined) continue;
    const wanted = new RegExp(answer.source.replaceAll('PATH', path));
    report.check(
      `zkCli: ${command}`,
      lines.some((line) => wanted.test(line)),
      `no line like ${answer.source}`,
    );
  }
  if (report.failures.length > before) report.addNoise(`${stdout}\n${stderr}`);
}
