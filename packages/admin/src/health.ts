import type { ZkServer } from '@zk/server';

/** One thing that has to hold. */
export interface Check {
  readonly name: string;
  /** undefined: it holds. */
  readonly problem: string | undefined;
}

/** Whether the process does its work at all: one that does not has to be started anew. */
export function livenessOf({ state }: ZkServer): readonly Check[] {
  return [{ name: 'running', problem: state === 'failed' ? 'the server cannot go on' : undefined }];
}

/** Whether clients that come now get what they want. */
export function readinessOf(server: ZkServer): readonly Check[] {
  const { state, isServing } = server;
  const isReadOnly = isServing && server.inspect().view?.mode === 'read-only';
  return [
    { name: 'serving', problem: isServing ? undefined : (REASONS[state] ?? `the server is ${state}`) },
    { name: 'log', problem: state === 'degraded' ? 'the log cannot be written: only reads are served' : undefined },
    { name: 'quorum', problem: isReadOnly ? 'there is no quorum: only reads are served' : undefined },
  ];
}

const REASONS: Readonly<Record<string, string>> = {
  loading: 'the data is being loaded',
  electing: 'there is no leader, or this server is being brought up to date',
  stopping: 'the server is stopping',
  stopped: 'the server is not started',
  failed: 'the server cannot go on',
};

/** `ok`, or what is wrong; with `listsAll` a line for each check. */
export function healthText(
  checks: readonly Check[],
  listsAll: boolean,
): { readonly status: number; readonly text: string } {
  const failed = checks.filter(({ problem }) => problem !== undefined);
  const listed = listsAll ? checks : failed;
  const lines = listed.map(({ name, problem }) => `[${problem === undefined ? '+' : '-'}] ${name}: ${problem ?? 'ok'}`);
  return {
    status: failed.length === 0 ? 200 : 503,
    text: [...lines, failed.length === 0 ? 'ok' : 'not ok', ''].join('\n'),
  };
}
