import type { KeySpec } from './key-spec.js';
import { KEYS } from './keys/index.js';

/**
 * Finds rows of the key table by the three spellings a setting can have: the zoo.cfg key, the Java system property and
 * the environment variable.
 */
export interface KeyIndex {
  byName(name: string): KeySpec | undefined;
  byProperty(property: string): KeySpec | undefined;
  byVariable(variable: string): KeySpec | undefined;
  readonly names: readonly string[];
}

/**
 * The environment variable of a key: `ZK_`, then the key with everything but letters and digits turned into `_`.
 * Compared without regard to case.
 */
export function variableOf(name: string): string {
  return `ZK_${name.replace(/[^A-Za-z0-9]/g, '_').toUpperCase()}`;
}

export function indexKeys(keys: readonly KeySpec[] = KEYS): KeyIndex {
  const names = new Map<string, KeySpec>();
  const properties = new Map<string, KeySpec>();
  const variables = new Map<string, KeySpec>();
  const families: KeySpec[] = [];
  for (const spec of keys) {
    if (spec.name.endsWith('*')) {
      families.push(spec);
      continue;
    }
    names.set(spec.name, spec);
    variables.set(variableOf(spec.name), spec);
    if (spec.property !== undefined) properties.set(spec.property, spec);
    for (const other of spec.otherProperties ?? []) properties.set(other, spec);
  }
  const family = (text: string, spelling: (spec: KeySpec) => string | undefined): KeySpec | undefined =>
    families.find((spec) => {
      const beginning = spelling(spec)?.slice(0, -1);
      return beginning !== undefined && text.length > beginning.length && text.startsWith(beginning);
    });
  return {
    byName: (name) => names.get(name) ?? family(name, (spec) => spec.name),
    byProperty: (property) => properties.get(property) ?? family(property, (spec) => spec.property),
    byVariable: (variable) => variables.get(variable.toUpperCase()),
    names: keys.map((spec) => spec.name),
  };
}
