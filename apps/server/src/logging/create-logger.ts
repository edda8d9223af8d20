import { hex64 } from '@zk/model';
import type { Logger } from '@zk/contracts';
import { pino, stdSerializers, stdTimeFunctions } from 'pino';
import type { LogFormat, LogLevel } from './levels.js';

/**
 * The process's logger: pino behind the contract's {@link Logger}. Lines are written synchronously, so that the last
 * one before an exit is never lost, and by this thread, so that no worker has to start before the server does.
 */

/** Where lines go, one call per line, newline included. */
export interface LogSink {
  write(line: string): void;
}

export interface LoggerOptions {
  readonly level: LogLevel;
  readonly format: LogFormat;
  readonly hasColours: boolean;
  readonly sink: LogSink;
}

/** 64-bit numbers (zxids, session ids) become `0x…`; everything else stays as it is. */
export function showFields(fields: Record<string, unknown>): Record<string, unknown> {
  for (const key in fields) {
    if (typeof fields[key] === 'bigint') {
      return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, showValue(value)]));
    }
  }
  return fields;
}

function showValue(value: unknown): unknown {
  return typeof value === 'bigint' ? `0x${hex64(value)}` : value;
}

/** Causes are told by the stack; pino's message would repeat what the own message says of them. */
function showError(error: Error): unknown {
  const shown = stdSerializers.err(error);
  return error instanceof Error ? { ...shown, message: error.message } : shown;
}

/** Makes a logger. Asynchronous only because the pretty printer is loaded when it is wanted. */
export async function createLogger({ level, format, hasColours, sink }: LoggerOptions): Promise<Logger> {
  const isPretty = format === 'pretty';
  const prettify = isPretty ? (await import('./pretty.js')).createPrettifier(hasColours) : undefined;
  const destination: LogSink =
    prettify === undefined ? sink : { write: (line) => sink.write(prettify(JSON.parse(line) as object)) };
  const logger = pino(
    {
      level,
      base: undefined,
      timestamp: isPretty ? stdTimeFunctions.epochTime : stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: showFields },
      serializers: { error: showError, err: showError },
    },
    destination,
  );
  // Children inherit this method from their parent, and pino formats bindings of the root logger only.
  const makeChild = logger.child;
  const child = function (this: typeof logger, fields: Record<string, unknown>) {
    return makeChild.call(this, showFields(fields));
  };
  return Object.assign(logger, { child }) as Logger;
}
