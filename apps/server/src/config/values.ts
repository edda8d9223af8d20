import type { KeySpec } from './key-spec.js';

/** A value, or what is wrong with the text in words that fit behind the key's name. */
export type Read<T> = { readonly value: T; readonly warning?: string } | { readonly problem: string };

const INT_MAX = 2_147_483_647;

function shown(spec: KeySpec, text: string): string {
  return spec.isSecret === true ? 'something else' : `"${text}"`;
}

function wholeDescription(spec: KeySpec): string {
  const unit = spec.unit === undefined ? '' : ` of ${UNIT_WORDS[spec.unit] ?? spec.unit}`;
  if (spec.max !== undefined) return `a whole number${unit} from ${spec.min ?? 0} to ${spec.max}`;
  if (spec.min === 1) return `a positive whole number${unit}`;
  return `a whole number${unit}${spec.min === undefined ? '' : `, ${spec.min} or more`}`;
}

const UNIT_WORDS: Readonly<Record<string, string>> = { ms: 'milliseconds', s: 'seconds', txns: 'transactions' };

/**
 * A whole number within the row's range. Keys that Apache reads as Java properties may be hexadecimal (`0x…`, `#…`), as
 * `Integer.getInteger` allows.
 */
export function readWhole(spec: KeySpec, text: string): Read<number> {
  const problem = `must be ${wholeDescription(spec)}, got ${shown(spec, text)}`;
  const hex = spec.property === undefined ? null : /^([+-]?)(?:0[xX]|#)([0-9a-fA-F]+)$/.exec(text);
  let value: number;
  if (hex !== null) value = Number.parseInt(hex[2] ?? '', 16) * (hex[1] === '-' ? -1 : 1);
  else if (/^[+-]?\d+$/.test(text)) value = Number(text);
  else return { problem };
  if (value > (spec.max ?? INT_MAX) || value < (spec.min ?? -INT_MAX - 1)) return { problem };
  if (spec.raisedTo !== undefined && value < spec.raisedTo) {
    return { value: spec.raisedTo, warning: `is ${value}, less than the smallest allowed; using ${spec.raisedTo}` };
  }
  return { value: value === 0 ? 0 : value };
}

export function readPort(spec: KeySpec, text: string): Read<number> {
  if (/^\d+$/.test(text) && Number(text) <= 65_535) return { value: Number(text) };
  return { problem: `must be a port from 0 to 65535, got ${shown(spec, text)}` };
}

export function readRatio(spec: KeySpec, text: string): Read<number> {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text) ? Number(text) : Number.NaN;
  const { min = 0 } = spec;
  if (value >= min && Number.isFinite(value)) return { value };
  return { problem: `must be a number, ${min} or more, got ${shown(spec, text)}` };
}

export function readBoolean(spec: KeySpec, text: string): Read<boolean> {
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === 'false') return { value: lower === 'true' };
  return { problem: `must be true or false, got ${shown(spec, text)}` };
}

/** Java's rule for properties: everything but "true" is false. We say so when it may surprise. */
export function readFlag(spec: KeySpec, text: string): Read<boolean> {
  const lower = text.toLowerCase();
  if (lower === 'true' || lower === 'false') return { value: lower === 'true' };
  return { value: false, warning: `is ${shown(spec, text)}, which counts as false; write true or false` };
}

/** Apache compares with the word that differs from the default; anything else is the default. */
export function readYesNo(spec: KeySpec, text: string): Read<boolean> {
  if (text === 'yes' || text === 'no') return { value: text === 'yes' };
  const fallback = spec.default === 'yes';
  return { value: fallback, warning: `is ${shown(spec, text)}, which counts as ${spec.default}; write yes or no` };
}

export function readChoice(spec: KeySpec, text: string): Read<string> {
  const choices = spec.choices ?? [];
  const found = choices.find((choice) => choice.toLowerCase() === text.toLowerCase());
  if (found !== undefined) return { value: found };
  const listed = choices.map((choice) => (choice === '' ? 'empty' : choice)).join(', ');
  return { problem: `must be one of ${listed}; got ${shown(spec, text)}` };
}

export function readList(_spec: KeySpec, text: string): Read<readonly string[]> {
  return {
    value: text
      .split(',')
      .map((part) => part.trim())
      .filter((part) => part !== ''),
  };
}

const DURATION_MS: Readonly<Record<string, number>> = {
  '': 3_600_000,
  d: 86_400_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};

/** Milliseconds. Less than nothing is taken for nothing, as by Apache. */
export function readDuration(spec: KeySpec, text: string): Read<number> {
  if (/^-\d+$/.test(text)) return { value: 0, warning: `is ${text}, less than nothing; using 0` };
  const match = /^(\d+)\s*(d|h|m|s|ms|)$/.exec(text);
  const factor = DURATION_MS[match?.[2] ?? ''];
  if (match !== null && factor !== undefined) return { value: Number(match[1]) * factor };
  return { problem: `must be a whole number of hours, or a number with d, h, m, s or ms; got ${shown(spec, text)}` };
}
