/** A program that does with somebody else's recipes what it is told: see RecipePartner.java and recipe_partner.py. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

import { endsWithTool } from '../../lib/tool-end.ts';

const ANSWER_LIMIT_MS = 90_000;

interface Waiting {
  readonly resolve: (value: string) => void;
  readonly reject: (error: Error) => void;
}

export class Partner {
  /** What it has written to standard error. */
  noise = '';
  private readonly waiting = new Map<string, Waiting>();
  private count = 0;
  private readonly ready: Promise<void>;

  private constructor(
    readonly name: string,
    private readonly child: ChildProcessByStdio<Writable, Readable, Readable>,
  ) {
    child.stderr.setEncoding('utf8').on('data', (text: string) => (this.noise += text));
    child.stdin.on('error', () => undefined);
    this.ready = new Promise((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line === 'ready') resolve();
        else this.answered(line);
      });
      const over = (why: string): void => {
        const error = new Error(`${name} ${why}`);
        reject(error);
        for (const { reject: refuse } of this.waiting.values()) refuse(error);
      };
      child.on('error', (error) => over(error.message));
      child.on('close', (code) => over(`ended with exit code ${String(code)}: ${this.noise.slice(-2_000)}`));
    });
    this.ready.catch(() => undefined);
  }

  static async start(name: string, command: string, args: readonly string[]): Promise<Partner> {
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
    endsWithTool(child);
    const partner = new Partner(name, child);
    await partner.ready;
    return partner;
  }

  /** On the thread `main`: one command after the other. */
  do(command: string, ...args: readonly (string | number)[]): Promise<string> {
    return this.on('main', command, ...args);
  }

  /** On a thread of that name: what belongs to a thread there, such as a lock, is taken and given back on one. */
  on(thread: string, command: string, ...args: readonly (string | number)[]): Promise<string> {
    const id = String(++this.count);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Error(`${this.name} did not answer to ${command} in time`));
      }, ANSWER_LIMIT_MS);
      const settle = (): void => {
        clearTimeout(timer);
        this.waiting.delete(id);
      };
      this.waiting.set(id, {
        resolve: (value) => (settle(), resolve(value)),
        reject: (error) => (settle(), reject(error)),
      });
      this.child.stdin.write(`${[id, thread, command, ...args].join('\t')}\n`);
    });
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.child.once('close', resolve));
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.stdin.end();
    const overdue = setTimeout(() => this.child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(overdue);
  }

  private answered(line: string): void {
    const [id = '', outcome, value = ''] = line.split('\t');
    const waiting = this.waiting.get(id);
    if (outcome === 'ok') waiting?.resolve(value);
    else waiting?.reject(new Error(`${this.name}: ${value}`));
  }
}
