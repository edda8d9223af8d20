import { execFile } from 'node:child_process';
import type { Logger } from '@zk/contracts';
import type { Notice, ProcessHost } from './io.js';

/** As sd_notify(3) spells it. */
const WORDS: Readonly<Record<Notice['state'], string>> = { ready: 'READY=1', stopping: 'STOPPING=1' };

/** Tells the supervisor, where there is one that asked for it. A start that nobody hears of would time out: a warning. */
export async function tellSupervisor(processes: ProcessHost, logger: Logger, notice: Notice): Promise<void> {
  const obstacle = await processes.notifySupervisor(notice);
  if (obstacle !== undefined) logger.warn({ state: notice.state, cause: obstacle }, 'systemd could not be told');
}

/**
 * Tells whoever listens at the address in `NOTIFY_SOCKET`, by way of `systemd-notify`: Node.js has no datagrams over
 * sockets of the file system.
 * @returns why it could not be told; undefined when it was, or nobody wants to be
 */
export function notifySystemd(environment: NodeJS.ProcessEnv, { state, status }: Notice): Promise<string | undefined> {
  if (!environment['NOTIFY_SOCKET']) return Promise.resolve(undefined);
  const words = [`--pid=${process.pid}`, `--status=${status}`, WORDS[state]];
  return new Promise((resolve) => {
    execFile('systemd-notify', words, { env: environment, timeout: 10_000 }, (error) => resolve(error?.message.trim()));
  });
}
