import { type Duration, durationMs } from './duration.js';
import { nearestName } from './nearest-name.js';

/**
 * What a caller without types may give as options, and what would show up late or never: a mode that is none, text in
 * place of a number, an option whose name is spelled almost right. Rules make each an error where it was made.
 */
export interface OptionRule {
  /** Ends the sentence "the option is …". */
  readonly text: string;
  /** Whether the value is shown in the error: never where it may be a secret. */
  readonly isShown: boolean;
  /** Of numbers: one that does not meet it is out of range, rather than of the wrong type. */
  readonly isRange?: true;
  isMet(value: unknown): boolean;
}

/** A rule for every option of an interface: a new option without one does not compile. */
export type OptionRules<O> = { readonly [K in keyof O]-?: OptionRule };

/** The rules that options are made of. */
export const rules = Object.freeze({
  flag: shown('true or false', (value) => typeof value === 'boolean'),
  text: hidden('a string', (value) => typeof value === 'string'),
  name: hidden('a string that is not empty', (value) => typeof value === 'string' && value !== ''),
  callback: hidden('a function', (value) => typeof value === 'function'),
  object: hidden('an object', isObject),
  bytes: hidden('a Uint8Array', isBytes),
  /** Anything: the type parameter of whoever asks for it says more. */
  value: hidden('a value', () => true),
  codec: methods('a codec, as utf8 or json()', 'encode', 'decode'),
  acl: hidden('an array of { perms: number, scheme: string, id: string }', isAcl),
  signal: hidden('an AbortSignal', isSignal),
  duration: range('a duration (milliseconds, or 250ms, 30s, 1.5m, 2h)', isDuration),
  /** An integer of at least so much. */
  integer: (from: number): OptionRule =>
    range(`an integer from ${from} on`, (value) => Number.isInteger(value) && (value as number) >= from),
  /** An integer of at least so much, or no limit. */
  limit: (from: number): OptionRule =>
    range(
      `an integer from ${from} on, or Infinity`,
      (value) => value === Infinity || (Number.isInteger(value) && (value as number) >= from),
    ),
  oneOf: (...values: readonly (string | boolean)[]): OptionRule =>
    shown(listed(values.map(quoted), 'or'), (value) => values.includes(value as string)),
  methods,
  /** What one of the rules allows. */
  either: (...all: readonly OptionRule[]): OptionRule => ({
    text: all.map(({ text }) => text).join(', or '),
    isShown: all.every(({ isShown }) => isShown),
    isMet: (value) => all.some((rule) => rule.isMet(value)),
  }),
});

/**
 * For whatever is made of options. What is undefined counts as not given.
 *
 * @param owner whose options they are, for the message: `a Mutex`
 * @returns the options
 * @throws TypeError for what is no object, an option that is not known, missing, or not as its rule says; RangeError for
 *   a number that is none of those allowed
 */
export function requireOptions<O>(
  owner: string,
  options: O,
  known: Readonly<Record<string, OptionRule>>,
  needed: readonly (keyof O & string)[] = [],
): O {
  if (!isObject(options)) {
    const missing = needed.length === 0 ? '' : ` with ${listed(needed, 'and')}`;
    throw new TypeError(`the options of ${owner} are an object${missing}, not ${kindOf(options)}`);
  }
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(known, name) ? known[name] : undefined;
    if (rule === undefined) throw unknownOption(owner, name, Object.keys(known));
    if (value !== undefined && !rule.isMet(value)) throw brokenRule(`${name} of ${owner}`, rule, value);
  }
  for (const name of needed) {
    if (options[name] === undefined) throw new TypeError(`${owner} needs the option ${name}: ${known[name]!.text}`);
  }
  return options;
}

/** What is wrong with a value, as an error: `dialect of a Mutex is …, not …`. */
export function brokenRule(what: string, { text, isShown, isRange }: OptionRule, value: unknown): Error {
  const message = `${what} is ${text}, not ${isShown && !isObject(value) ? quoted(value) : kindOf(value)}`;
  return isRange && typeof value === 'number' ? new RangeError(message) : new TypeError(message);
}

/** What a value is, for a message: `undefined`, `a string`, `an object (Promise)`. */
export function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== 'object') return `a ${typeof value}`;
  return `an object (${value.constructor?.name ?? 'without a class'})`;
}

/** Bytes: also those of another realm, of which `instanceof` knows nothing. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && 'BYTES_PER_ELEMENT' in value && value.BYTES_PER_ELEMENT === 1;
}

function unknownOption(owner: string, name: string, known: readonly string[]): TypeError {
  const near = nearestName(name, known);
  const hint = near === undefined ? `the options are ${known.join(', ')}` : `did you mean "${near}"?`;
  return new TypeError(`"${name}" is no option of ${owner}: ${hint}`);
}

function shown(text: string, isMet: OptionRule['isMet']): OptionRule {
  return { text, isMet, isShown: true };
}

function range(text: string, isMet: OptionRule['isMet']): OptionRule {
  return { text, isMet, isShown: true, isRange: true };
}

function hidden(text: string, isMet: OptionRule['isMet']): OptionRule {
  return { text, isMet, isShown: false };
}

/** An object that has these methods, as a class or by hand. */
function methods(what: string, ...names: readonly string[]): OptionRule {
  const has = (value: unknown, name: string): boolean =>
    typeof (value as Readonly<Record<string, unknown>>)[name] === 'function';
  return hidden(
    `${what} (with ${listed(names, 'and')})`,
    (value) => isObject(value) && names.every((name) => has(value, name)),
  );
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function isDuration(value: unknown): boolean {
  if (typeof value !== 'number' && typeof value !== 'string') return false;
  try {
    durationMs(value as Duration);
    return true;
  } catch {
    return false;
  }
}

function isSignal(value: unknown): boolean {
  return isObject(value) && 'aborted' in value && 'addEventListener' in value;
}

function isAcl(value: unknown): boolean {
  return Array.isArray(value) && value.every(isAclEntry);
}

function isAclEntry(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { perms, scheme, id } = value as Readonly<Record<string, unknown>>;
  return Number.isInteger(perms) && typeof scheme === 'string' && typeof id === 'string';
}

function quoted(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}

function listed(names: readonly string[], last: 'and' | 'or'): string {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} ${last} ${names.at(-1)}`;
}
