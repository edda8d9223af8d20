/** Structured logging, in the shape that pino and its kin already have: fields first, then a sentence. */
export interface Logger {
  trace(fields: LogFields, message: string): void;
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  fatal(fields: LogFields, message: string): void;
  child(fields: LogFields): Logger;
}

/** zxids and session ids are logged as `0x` hexadecimal strings; durations carry their unit in the key. */
export type LogFields = Readonly<Record<string, unknown>>;

export const LOGGER = Symbol.for('@zk/Logger');

/** Drops everything. */
export const silentLogger: Logger = {
  trace: () => undefined,
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  fatal: () => undefined,
  child: () => silentLogger,
};
