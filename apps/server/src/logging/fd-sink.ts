import { writeSync } from 'node:fs';
import { codeOf } from '../errors.js';
import type { LogSink } from './create-logger.js';

const RETRIES = 50;
const RETRY_WAIT_MS = 1;

/**
 * Writes lines to a file descriptor, synchronously. A reader that is gone, or too slow for a pipe, costs log lines and
 * never the server: what cannot be written is dropped, and the next line that gets through says how many were lost. Only
 * the first line waits for a slow reader; until one gets through again, the others are dropped at once.
 */
export function createFdSink(fd: number, write: typeof writeSync = writeSync): LogSink {
  let lost = 0;
  const sleeper = new Int32Array(new SharedArrayBuffer(4));

  const writeAll = (bytes: Buffer): boolean => {
    let at = 0;
    let retries = lost === 0 ? RETRIES : 0;
    while (at < bytes.length) {
      try {
        at += write(fd, bytes, at);
      } catch (error) {
        const isFull = codeOf(error) === 'EAGAIN';
        if (!isFull || retries-- === 0) return false;
        Atomics.wait(sleeper, 0, 0, RETRY_WAIT_MS);
      }
    }
    return true;
  };

  return {
    write(line) {
      const text = lost === 0 ? line : `(${lost} log lines were lost: nobody read them)\n${line}`;
      if (writeAll(Buffer.from(text))) lost = 0;
      else lost++;
    },
  };
}
