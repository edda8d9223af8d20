import type { Logger } from '@zk/contracts';
import { type AuditEntry, auditLine } from '@zk/server';
import { makeDirectories } from '@zk/storage-file';
import { closeSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf } from '../errors.js';
import { DataDirectoryError } from '../cli/exit-codes.js';
import { createFdSink } from '../logging/fd-sink.js';

/** Where entries of the audit log end up. */
export interface AuditSink {
  write(entry: AuditEntry): void;
  /** Nothing is written afterwards. */
  close(): void;
}

/** The server's own log: a message for each entry. Those of changes that were refused are errors, as in Apache's. */
export function auditToLog(logger: Logger): AuditSink {
  const own = logger.child({ log: 'audit' });
  return {
    write: (entry) => own[entry.result === 'failure' ? 'error' : 'info']({}, auditLine(entry)),
    close: () => undefined,
  };
}

/** As logback begins the lines of Apache ZooKeeper's class with `%d{ISO8601} %p %c{2}: `. */
const LOGGER_NAME = 'o.a.z.a.Slf4jAuditLogger';

/**
 * A file that lines are appended to, all those of one turn of the event loop with one write. It may be truncated
 * meanwhile, as log rotation does with `copytruncate`.
 * @throws DataDirectoryError when it cannot be opened
 */
export function auditToFile(file: string, now: () => Date = () => new Date()): AuditSink {
  const fd = openForAppending(file);
  const sink = createFdSink(fd);
  let waiting = '';
  const flush = (): void => {
    if (waiting !== '') sink.write(waiting);
    waiting = '';
  };
  return {
    write: (entry) => {
      if (waiting === '') setImmediate(flush);
      const level = entry.result === 'failure' ? 'ERROR' : 'INFO';
      waiting += `${timeText(now())} ${level} ${LOGGER_NAME}: ${auditLine(entry)}\n`;
    },
    close: () => {
      flush();
      closeSync(fd);
    },
  };
}

function openForAppending(file: string): number {
  try {
    makeDirectories(dirname(file));
    return openSync(file, 'a');
  } catch (error) {
    throw new DataDirectoryError(`the audit log cannot be written: ${messageOf(error)}`, { cause: error });
  }
}

/** Such as `2026-01-31 13:05:09,042`, in local time. */
function timeText(time: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = [time.getFullYear(), two(time.getMonth() + 1), two(time.getDate())].join('-');
  const clock = [time.getHours(), time.getMinutes(), time.getSeconds()].map(two).join(':');
  return `${day} ${clock},${String(time.getMilliseconds()).padStart(3, '0')}`;
}
