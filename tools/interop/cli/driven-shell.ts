import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';

import { idNamer, normalise } from '../../../apps/client/test/normalise.ts';
import { endsWithTool } from '../../lib/tool-end.ts';

export interface Answer {
  readonly out: string;
  readonly err: string;
  /** Events come beside the answers, from a thread of their own. */
  readonly events: string;
}

/** A line, and how many events it brings about, unless none. */
export type ScriptLine = string | readonly [line: string, events: number];

/** Time for events to arrive that nobody expects, after the command that caused them has been answered. */
const EVENT_MS = 60;
const ANSWER_MS = 40_000;

/**
 * A shell that is given one line at a time. Neither shell says when it is done with one, so each is followed by two
 * more: one whose answer on standard output is known, and one that no shell has, which standard error tells.
 */
export class DrivenShell {
  private readonly child: ChildProcessWithoutNullStreams;
  private out = '';
  private err = '';
  private hasEnded = false;
  private marks = 0;
  private readonly nameIds = idNamer();

  constructor(command: string, args: readonly string[]) {
    this.child = spawn(command, args, { stdio: 'pipe' });
    endsWithTool(this.child);
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => (this.out += text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => (this.err += text));
    this.child.stdin.on('error', () => (this.hasEnded = true));
    this.child.on('exit', () => (this.hasEnded = true));
  }

  async runAll(lines: readonly ScriptLine[]): Promise<readonly Answer[]> {
    // What the shell prints at its start is compared elsewhere.
    await this.run('sync /', 1);
    const answers: Answer[] = [];
    for (const each of lines) answers.push(await (typeof each === 'string' ? this.run(each) : this.run(...each)));
    return answers;
  }

  async end(): Promise<void> {
    if (this.hasEnded) return;
    const exited = once(this.child, 'exit');
    this.child.stdin.end('quit\n');
    const overdue = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await exited;
    clearTimeout(overdue);
  }

  private async run(line: string, events = 0): Promise<Answer> {
    const mark = `no-such-command-${++this.marks}`;
    this.child.stdin.write(`${line}\nprintwatches\n${mark}\n`);
    const deadline = performance.now() + ANSWER_MS;
    const isAnswered = (): boolean =>
      this.err.includes(`not found ${mark}\n`) && /^(?:printwatches is o|Not connected)/m.test(this.out);
    while (!isAnswered()) {
      if (this.hasEnded) throw new Error(`the shell ended at: ${line}\n${this.err}`);
      if (performance.now() > deadline) throw new Error(`no answer to: ${line}\n${this.out}\n${this.err}`);
      await delay(2);
    }
    // A shell prints them when it comes to that; those that never come are told by the comparison.
    while (this.eventCount < events && !this.hasEnded && performance.now() < deadline) await delay(2);
    await delay(EVENT_MS);
    const answer = this.take(mark);
    this.out = '';
    this.err = '';
    return answer;
  }

  private get eventCount(): number {
    return this.out.match(/^WatchedEvent .*\n/gm)?.length ?? 0;
  }

  private take(mark: string): Answer {
    const usage = this.err.lastIndexOf('ZooKeeper -server host:port', this.err.indexOf(`not found ${mark}`));
    const lines = normalise(this.nameIds(this.out.replace(/^printwatches is o(?:n|ff)\n/m, ''))).split('\n');
    return {
      out: lines.filter(isAnswer).join('\n'),
      err: normalise(this.err.slice(0, usage)),
      events: lines.filter(isEvent).sort().join('\n'),
    };
  }
}

function isEvent(line: string): boolean {
  return line.startsWith('WatchedEvent');
}

/** Whether a line is none of those that an event is printed as, one by one, from another thread. */
export function isAnswer(line: string): boolean {
  return !isEvent(line) && line !== 'WATCHER::' && line !== '';
}
