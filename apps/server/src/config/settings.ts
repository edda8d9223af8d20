import { indexKeys, type KeyIndex } from './key-index.js';
import type { KeySpec } from './key-spec.js';
import { commentsBehindValues, parseProperties, repetitions } from './properties.js';

/** Where a setting came from, in rising order of precedence. */
export type SettingSource = 'file' | 'environment' | 'flag';

/** One key with its text, as found. */
export interface Setting {
  readonly spec: KeySpec;
  /** The full key: differs from `spec.name` for families such as `server.*`. */
  readonly name: string;
  readonly text: string;
  readonly source: SettingSource;
  /** For messages: `zoo.cfg:12`, `environment ZK_TICKTIME`, `--port`. */
  readonly where: string;
}

/** A key nobody knows. */
export interface UnknownKey {
  readonly key: string;
  readonly where: string;
  /** Extra help that needs no search, such as the right spelling for this place. */
  readonly hint?: string;
}

/** A flag or positional argument of the command line. */
export interface Flag {
  /** `key`: spelled as in zoo.cfg. `property`: spelled as a Java system property. */
  readonly style: 'key' | 'property';
  readonly name: string;
  readonly value: string;
  readonly where: string;
}

/** Everything that may hold settings. */
export interface SettingSources {
  readonly file?: { readonly text: string; readonly label: string };
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly flags: readonly Flag[];
}

/** What the sources hold, sorted by precedence. */
export interface GatheredSettings {
  /** The winner per full key name. */
  readonly settings: ReadonlyMap<string, Setting>;
  readonly unknown: readonly UnknownKey[];
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
}

/** Reads the sources, lowest precedence first, so that later ones replace earlier ones. */
export function gatherSettings(sources: SettingSources, index: KeyIndex = indexKeys()): GatheredSettings {
  const settings = new Map<string, Setting>();
  const unknown: UnknownKey[] = [];
  const problems: string[] = [];
  const warnings: string[] = [];
  const put = (spec: KeySpec, name: string, text: string, source: SettingSource, where: string): void => {
    settings.set(name, { spec, name, text, source, where });
  };

  if (sources.file !== undefined) {
    const { text, label } = sources.file;
    const parsed = parseProperties(text);
    for (const defect of parsed.defects) problems.push(`${label}:${defect.line}: ${defect.message}`);
    warnings.push(...repetitions(parsed.entries, label), ...commentsBehindValues(parsed.entries, label));
    for (const entry of parsed.entries) {
      const where = `${label}:${entry.line}`;
      const spec = index.byName(entry.key);
      if (spec !== undefined) put(spec, entry.key, entry.value, 'file', where);
      else unknown.push({ key: entry.key, where, hint: prefixHint(entry.key, index) });
    }
  }

  for (const property of jvmFlags(sources.environment)) {
    const spec = index.byProperty(property.name);
    // JVMFLAGS hold whatever a Java program needs; only what is plainly meant for ZooKeeper is worth a word.
    if (spec !== undefined) put(spec, fullName(spec, property.name), property.value, 'environment', property.where);
    else if (property.name.startsWith('zookeeper.')) unknown.push({ key: property.name, where: property.where });
  }
  for (const [variable, value] of Object.entries(sources.environment)) {
    if (value === undefined || !/^ZK_/i.test(variable)) continue;
    const spec = index.byVariable(variable);
    if (spec !== undefined) put(spec, spec.name, value.trim(), 'environment', `environment ${variable}`);
  }

  for (const flag of sources.flags) {
    const spec = flag.style === 'key' ? index.byName(flag.name) : index.byProperty(flag.name);
    if (spec !== undefined) {
      put(spec, flag.style === 'key' ? flag.name : fullName(spec, flag.name), flag.value.trim(), 'flag', flag.where);
    } else {
      const hint = flag.style === 'key' ? prefixHint(flag.name, index) : keyHint(flag.name, index);
      unknown.push({ key: flag.name, where: flag.where, hint });
    }
  }
  return { settings, unknown, problems, warnings };
}

function fullName(spec: KeySpec, property: string): string {
  if (!spec.name.endsWith('*') || spec.property === undefined) return spec.name;
  return spec.name.slice(0, -1) + property.slice(spec.property.length - 1);
}

function prefixHint(key: string, index: KeyIndex): string | undefined {
  const bare = key.replace(/^zookeeper\./, '');
  if (bare === key || index.byName(bare) === undefined) return undefined;
  return `here it is written ${bare}, without "zookeeper."`;
}

function keyHint(property: string, index: KeyIndex): string | undefined {
  const bare = property.replace(/^zookeeper\./, '');
  const spec = index.byName(bare);
  if (spec === undefined) return undefined;
  return spec.property === undefined
    ? `it is a key, not a system property; use --set ${bare}=…`
    : `the system property is ${spec.property}`;
}

/** The `-Dname=value` words of JVMFLAGS and SERVER_JVMFLAGS, which are split at blanks as the shell would. */
function jvmFlags(environment: SettingSources['environment']): Flag[] {
  const found: Flag[] = [];
  for (const variable of ['JVMFLAGS', 'SERVER_JVMFLAGS']) {
    for (const word of splitWords(environment[variable] ?? '')) {
      const match = /^-D([^=]+)=?(.*)$/s.exec(word);
      if (match === null) continue;
      found.push({
        style: 'property',
        name: match[1] ?? '',
        value: match[2] ?? '',
        where: `environment ${variable}`,
      });
    }
  }
  return found;
}

/** Splits at blanks outside quotes, and removes the quotes. */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (const char of text) {
    if (quote !== '') {
      if (char === quote) quote = '';
      else word = (word ?? '') + char;
    } else if (char === '"' || char === "'") {
      quote = char;
      word ??= '';
    } else if (/\s/.test(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else {
      word = (word ?? '') + char;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
