import { hostname } from 'node:os';
import { type Held, LeaderElection, type LossPolicy, Mutex } from '@zk/recipes';
import { hex64 } from '@zk/model';
import { CommandError, ExitCode, UsageError } from '../cli/exit-codes.js';
import type { Call } from '../commands/command.js';
import type { ChildEnd } from '../cli/io.js';

/** What the command needs to know of what is held; a lock and a term of leadership have it alike. */
interface Holding extends Held {
  readonly path: string;
  readonly token: bigint;
  readonly sessionId: bigint;
}

const DEFAULT_KILL_AFTER_S = 10;

export async function runLock(call: Call): Promise<number> {
  const path = call.path();
  const program = programOf(call);
  const mutex = new Mutex(call.client, path, {
    dialect: call.has('kazoo') ? 'kazoo' : 'curator',
    loss: lossOf(call),
    identity: identity(),
  });
  const purpose = call.value('purpose') ?? program.join(' ').slice(0, 200);
  const wait = call.has('no-wait') ? 0 : secondsOf(call, 'wait');
  const hold =
    wait === undefined
      ? await mutex.acquire({ signal: call.signal, purpose })
      : await mutex.tryAcquire({ signal: call.signal, purpose, timeout: wait * 1000 });
  if (hold === null) throw new CommandError(`${path} is held by somebody else`, ExitCode.notAcquired);
  return (await runWhileHeld(call, hold, program)).exitCode;
}

export async function runElect(call: Call): Promise<number> {
  const path = call.path();
  const program = programOf(call);
  const { host, pid } = identity();
  const election = new LeaderElection(call.client, path, {
    layout: 'latch',
    loss: lossOf(call),
    id: call.value('id') ?? `${host}:${pid}`,
  });
  const wait = secondsOf(call, 'wait');
  for (;;) {
    const timeout = wait === undefined ? {} : { timeout: wait * 1000 };
    const term =
      wait === undefined
        ? await election.campaign({ signal: call.signal })
        : await election.tryCampaign({ signal: call.signal, ...timeout });
    if (term === null) throw new CommandError(`${path} is led by somebody else`, ExitCode.notAcquired);
    const { isLost, exitCode } = await runWhileHeld(call, term, program);
    if (!isLost || !call.has('again') || call.signal.aborted) return exitCode;
    call.out.complain(`${path}: leadership was lost; standing again`);
  }
}

function identity(): { readonly host: string; readonly pid: number } {
  return { host: hostname(), pid: process.pid };
}

function programOf(call: Call): readonly string[] {
  if (call.rest === undefined || call.rest.length === 0) {
    throw new UsageError('no command to run: write it behind --, as in lock /locks/a -- make deploy');
  }
  return call.rest;
}

function lossOf(call: Call): LossPolicy {
  const text = call.value('loss') ?? 'session';
  if (text === 'session' || text === 'connection') return text;
  throw new UsageError(`--loss takes session or connection, not "${text}"`);
}

function secondsOf(call: Call, option: string): number | undefined {
  const text = call.value(option);
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (text.trim() !== '' && seconds >= 0 && seconds <= 2_000_000) return seconds;
  throw new UsageError(`--${option} needs a number of seconds, not "${text}"`);
}

interface Outcome {
  readonly exitCode: number;
  readonly isLost: boolean;
}

/**
 * Runs the program while something is held. When that is lost, or the user interrupts, the program is asked to end
 * (SIGTERM), and ended (SIGKILL) when it has not in time. Only then is it given back: at no moment does the program run
 * while somebody else may hold it, as far as this machine's clock can tell.
 */
async function runWhileHeld(call: Call, hold: Holding, program: readonly string[]): Promise<Outcome> {
  await using held = hold;
  const killAfterMs = (secondsOf(call, 'kill-after') ?? DEFAULT_KILL_AFTER_S) * 1000;
  held.assertHeld();
  const child = call.shell.io.processes.run(program, environmentOf(call, hold));
  let killTimer: NodeJS.Timeout | undefined;
  let isLost = false;
  const end = (): void => {
    child.kill('SIGTERM');
    killTimer ??= setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  };
  const onLost = (): void => {
    isLost = true;
    call.out.complain(`${(held.signal.reason as Error).message}; ending ${program[0] ?? ''}`);
    end();
  };
  if (held.signal.aborted) onLost();
  else held.signal.addEventListener('abort', onLost, { once: true });
  call.signal.addEventListener('abort', end, { once: true });
  try {
    const ended = await child.ended;
    return { isLost, exitCode: isLost ? ExitCode.lost : codeOf(ended, call) };
  } finally {
    clearTimeout(killTimer);
    held.signal.removeEventListener('abort', onLost);
    call.signal.removeEventListener('abort', end);
  }
}

function environmentOf(call: Call, hold: Holding): Readonly<Record<string, string>> {
  return {
    ZK_LOCK_PATH: call.path(),
    ZK_LOCK_NODE: hold.path,
    ZK_FENCING_TOKEN: String(hold.token),
    ZK_SESSION_ID: `0x${hex64(hold.sessionId)}`,
    ZK_SERVERS: call.shell.connection.host,
  };
}

/** As a shell of the system has it. */
function codeOf(end: ChildEnd, call: Call): number {
  if (end.kind === 'exited') return end.code;
  if (end.kind === 'killed') return 128 + end.signalNumber;
  call.out.complain(end.message);
  return end.reason === 'missing' ? ExitCode.commandNotFound : ExitCode.cannotExecute;
}
