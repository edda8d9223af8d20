/** What an answer looks like, apart from its values: keys in their order, and types. */

import { OPEN_MAPS } from '../../../packages/admin/test/key-paths.ts';

/** Apache builds them from getters, in whatever order Java gives them. */
const UNORDERED: ReadonlySet<string> = new Set(['server_stats']);

/** `{a:int,b:[string]}`; a list is described by its first item. */
export function shapeOf(text: string): string {
  return describe(JSON.parse(withNumberTypes(text)) as unknown, '');
}

/** Doubles and whole numbers are the same to JSON.parse; their texts are not. */
function withNumberTypes(text: string): string {
  return text.replace(/(?<=: |\[ |, )-?\d+(\.\d+(E-?\d+)?)?(?=,|\n| \])/g, (_number, fraction: string | undefined) =>
    fraction === undefined ? '"int"' : '"double"',
  );
}

function describe(value: unknown, name: string): string {
  if (value === null) return 'null';
  if (value === 'int' || value === 'double') return value;
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[${describe(value[0], '')}]`;
  if (typeof value !== 'object') return typeof value;
  const entries = Object.entries(value);
  if (OPEN_MAPS.has(name)) {
    // Apache lists buckets of sessions that are empty by now.
    const filled = entries.find(([, item]) => !Array.isArray(item) || item.length > 0);
    return filled === undefined ? '{}' : `{*:${describe(filled[1], '')}}`;
  }
  const shapes = entries.map(([key, item]) => `${key}:${describe(item, key)}`);
  return `{${(UNORDERED.has(name) ? shapes.sort() : shapes).join(',')}}`;
}
