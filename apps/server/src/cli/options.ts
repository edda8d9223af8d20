import type { Flag } from '../config/settings.js';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '../logging/levels.js';
import { UsageError } from './exit-codes.js';

/** What commander collects, the same for every command. */
export interface CliOptions {
  readonly config?: string;
  readonly port?: string;
  readonly address?: string;
  readonly dataDir?: string;
  readonly dataLogDir?: string;
  readonly set?: readonly string[];
  readonly D?: readonly string[];
  readonly logLevel?: string;
  readonly logFormat?: string;
}

const SHORTHANDS = [
  ['port', '--port', 'clientPort'],
  ['address', '--address', 'clientPortAddress'],
  ['dataDir', '--data-dir', 'dataDir'],
  ['dataLogDir', '--data-log-dir', 'dataLogDir'],
] as const;

const POSITIONS = ['clientPort', 'dataDir', 'tickTime', 'maxClientCnxns'] as const;

/** The settings given by flags; `port datadir [ticktime] [maxcnxns]` counts as flags too. */
export function flagsOf(options: CliOptions, args: readonly string[]): Flag[] {
  const flags: Flag[] = [];
  if (isPositionalForm(args)) {
    if (args.length > POSITIONS.length) {
      throw new UsageError(`too many arguments: expected port datadir [ticktime] [maxcnxns], got ${args.join(' ')}`);
    }
    args.forEach((value, at) => {
      flags.push({ style: 'key', name: POSITIONS[at] ?? '', value, where: `argument ${at + 1}` });
    });
  }
  for (const text of options.set ?? []) flags.push(pair(text, 'key', '--set'));
  for (const text of options.D ?? []) flags.push(pair(text, 'property', '-D'));
  for (const [option, where, name] of SHORTHANDS) {
    const value = options[option];
    if (value !== undefined) flags.push({ style: 'key', name, value, where });
  }
  return flags;
}

function pair(text: string, style: Flag['style'], where: string): Flag {
  const at = text.indexOf('=');
  if (at <= 0) throw new UsageError(`${where} needs key=value, got "${text}"`);
  return { style, name: text.slice(0, at).trim(), value: text.slice(at + 1), where };
}

/** Apache's rule: one argument is a file, more are `port datadir …`. */
export function isPositionalForm(args: readonly string[]): boolean {
  return args.length > 1;
}

/** The arguments that make another process see the same configuration. */
export function argumentsFor(command: string, options: CliOptions, args: readonly string[]): string[] {
  const words = [command];
  if (options.config !== undefined) words.push('--config', options.config);
  for (const [option, flag] of SHORTHANDS) {
    const value = options[option];
    if (value !== undefined) words.push(flag, value);
  }
  for (const text of options.set ?? []) words.push('--set', text);
  for (const text of options.D ?? []) words.push(`-D${text}`);
  if (options.logLevel !== undefined) words.push('--log-level', options.logLevel);
  if (options.logFormat !== undefined) words.push('--log-format', options.logFormat);
  return [...words, ...args];
}

/** How to log: flag, environment (ZK_LOG_LEVEL, ZK_LOG_FORMAT), default. */
export function loggingOf(
  options: CliOptions,
  environment: Readonly<Record<string, string | undefined>>,
  isTerminal: boolean,
): { level: LogLevel; format: LogFormat } {
  const level = (options.logLevel ?? environment['ZK_LOG_LEVEL'] ?? 'info').toLowerCase();
  const format = (options.logFormat ?? environment['ZK_LOG_FORMAT'] ?? (isTerminal ? 'pretty' : 'json')).toLowerCase();
  const isLevel = (text: string): text is LogLevel => (LOG_LEVELS as readonly string[]).includes(text);
  const isFormat = (text: string): text is LogFormat => (LOG_FORMATS as readonly string[]).includes(text);
  if (!isLevel(level)) throw new UsageError(`the log level must be one of ${LOG_LEVELS.join(', ')}; got "${level}"`);
  if (!isFormat(format))
    throw new UsageError(`the log format must be one of ${LOG_FORMATS.join(', ')}; got "${format}"`);
  return { level, format };
}
