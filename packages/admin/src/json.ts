/** A number that is written as it is, such as `0.0`, or one that a double would not hold. */
export class NumberText {
  constructor(readonly text: string) {}
}

/** What an answer may hold. Maps are for keys that are numbers: an object would sort them. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | NumberText
  | readonly Json[]
  | ReadonlyMap<string, Json>
  | { readonly [key: string]: Json };

const INDENT = '  ';

/**
 * JSON in the form in which Apache ZooKeeper's admin server prints it: two spaces, a space on either side of the colon,
 * lists on one line. 64-bit numbers are exact.
 */
export function prettyJson(value: Json, indent = ''): string {
  if (value instanceof NumberText) return value.text;
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (isList(value)) {
    return value.length === 0 ? '[ ]' : `[ ${value.map((item) => prettyJson(item, indent)).join(', ')} ]`;
  }
  const entries = value instanceof Map ? [...(value as ReadonlyMap<string, Json>)] : Object.entries(value);
  if (entries.length === 0) return '{ }';
  const inner = indent + INDENT;
  const lines = entries.map(([key, item]) => `${inner}${JSON.stringify(key)} : ${prettyJson(item, inner)}`);
  return `{\n${lines.join(',\n')}\n${indent}}`;
}

function isList(value: object): value is readonly Json[] {
  return Array.isArray(value);
}
