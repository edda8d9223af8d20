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
  const gathering = new Gathering(index);
  if (sources.file !== undefined) gathering.readFile(sources.file);
  gathering.readJvmFlags(sources.environment);
  gathering.readVariables(sources.environment);
  gathering.readFlags(sources.flags);
  return gathering;
}

/** What was found so far, and how each source is read. */
class Gathering implements GatheredSettings {
  readonly settings = new Map<string, Setting>();
  readonly unknown: UnknownKey[] = [];
  readonly problems: string[] = [];
  readonly warnings: string[] = [];

  constructor(private readonly index: KeyIndex) {}

  readFile({ text, label }: NonNullable<SettingSources['file']>): void {
    const { entries, defects } = parseProperties(text);
    for (const defect of defects) this.problems.push(`${label}:${defect.line}: ${defect.message}`);
    this.warnings.push(...repetitions(entries, label), ...commentsBehindValues(entries, label));
    for (const { key, value, line } of entries) {
      const where = `${label}:${line}`;
      const spec = this.index.byName(key);
      if (spec !== undefined) this.put({ spec, name: key, text: value, source: 'file', where });
      else this.unknown.push({ key, where, hint: prefixHint(key, this.index) });
    }
  }

  readJvmFlags(environment: SettingSources['environment']): void {
    for (const { name, value, where } of jvmFlags(environment)) {
      const spec = this.index.byProperty(name);
      // JVMFLAGS hold whatever a Java program needs; only what is plainly meant for ZooKeeper is worth a word.
      if (spec !== undefined) this.put({ spec, name: fullName(spec, name), text: value, source: 'environment', where });
      else if (name.startsWith('zookeeper.')) this.unknown.push({ key: name, where });
    }
  }

  readVariables(environment: SettingSources['environment']): void {
    for (const [variable, value] of Object.entries(environment)) {
      if (value === undefined || !/^ZK_/i.test(variable)) continue;
      const spec = this.index.byVariable(variable);
      if (spec === undefined) continue;
      const where = `environment ${variable}`;
      this.put({ spec, name: spec.name, text: value.trim(), source: 'environment', where });
    }
  }

  readFlags(flags: readonly Flag[]): void {
    for (const { style, name, value, where } of flags) {
      const isKey = style === 'key';
      const spec = isKey ? this.index.byName(name) : this.index.byProperty(name);
      if (spec === undefined) {
        const hint = isKey ? prefixHint(name, this.index) : keyHint(name, this.index);
        this.unknown.push({ key: name, where, hint });
      } else {
        this.put({ spec, name: isKey ? name : fullName(spec, name), text: value.trim(), source: 'flag', where });
      }
    }
  }

  private put(setting: Setting): void {
    this.settings.set(setting.name, setting);
  }
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

/** A part of a word: plain, or in quotes, of which the last may be left open. */
const WORD_PARTS = /(?:[^\s"']+|"[^"]*"?|'[^']*'?)+/g;
const QUOTED_PART = /"([^"]*)"?|'([^']*)'?/g;

/** Splits at blanks outside quotes, and removes the quotes. */
export function splitWords(text: string): string[] {
  const words = text.match(WORD_PARTS) ?? [];
  return words.map((word) => word.replace(QUOTED_PART, '$1$2'));
}
