import { CHOICES, type ChoiceKey, type ChoiceOf } from './choices.js';
import { effectiveDefault, type KeySpec } from './key-spec.js';
import type { KeyIndex } from './key-index.js';
import { holdsComment } from './properties.js';
import type { Setting } from './settings.js';
import {
  readBoolean,
  readChoice,
  readDuration,
  readFlag,
  readList,
  readPort,
  readRatio,
  readWhole,
  readYesNo,
  type Read,
} from './values.js';

type Parse<T> = (spec: KeySpec, text: string) => Read<T>;

/**
 * Takes typed values out of the gathered settings and collects every complaint on the way, so that one run reports all
 * of them. A key with a bad value yields its default; the caller throws in the end when there were problems.
 */
export class SettingReader {
  readonly problems: string[] = [];
  readonly warnings: string[] = [];
  private readonly settings: ReadonlyMap<string, Setting>;
  private readonly index: KeyIndex;

  constructor(settings: ReadonlyMap<string, Setting>, index: KeyIndex) {
    this.settings = settings;
    this.index = index;
  }

  /** Where the key was set, or that it was not: for messages. */
  where(name: string): string {
    return this.settings.get(name)?.where ?? 'default';
  }

  isSet(name: string): boolean {
    return this.settings.has(name);
  }

  isFromFile(name: string): boolean {
    return this.settings.get(name)?.source === 'file';
  }

  /** What was set of a family such as `superUser.*`. */
  family(name: string): readonly Setting[] {
    return [...this.settings.values()].filter(({ spec }) => spec.name === name);
  }

  text(name: string): string | undefined {
    const spec = this.spec(name);
    const text = this.settings.get(name)?.text ?? effectiveDefault(spec);
    return text === '' ? undefined : text;
  }

  whole(name: string): number {
    return this.read(name, readWhole) ?? 0;
  }

  /** A whole number that has no default of its own. */
  optionalWhole(name: string): number | undefined {
    return this.read(name, readWhole);
  }

  port(name: string): number {
    return this.read(name, readPort) ?? 0;
  }

  ratio(name: string): number {
    return this.read(name, readRatio) ?? 0;
  }

  boolean(name: string): boolean {
    return this.read(name, this.spec(name).kind === 'boolean' ? readBoolean : readFlag) ?? false;
  }

  yesNo(name: string): boolean {
    return this.read(name, readYesNo) ?? false;
  }

  choice<K extends ChoiceKey>(name: K): ChoiceOf<K> {
    const value = this.read(name, readChoice);
    const choices: readonly ChoiceOf<K>[] = CHOICES[name];
    const chosen = choices.find((choice) => choice === value);
    if (chosen === undefined) throw new Error(`a choice without a default in the table: ${name}`);
    return chosen;
  }

  list(name: string): readonly string[] {
    return this.read(name, readList) ?? [];
  }

  durationMs(name: string): number {
    return this.read(name, readDuration) ?? 0;
  }

  private spec(name: string): KeySpec {
    const spec = this.index.byName(name);
    if (spec === undefined) throw new Error(`no such key in the table: ${name}`);
    return spec;
  }

  private read<T>(name: string, parse: Parse<T>): T | undefined {
    const setting = this.settings.get(name);
    if (setting === undefined) return this.defaultOf(name, parse);
    const result = parse(this.spec(name), setting.text);
    const at = `${setting.where}: ${name}`;
    if ('problem' in result) {
      this.problems.push(`${at} ${result.problem}${commentHint(setting)}`);
      return this.defaultOf(name, parse);
    }
    if (result.warning !== undefined) this.warnings.push(`${at} ${result.warning}`);
    return result.value;
  }

  private defaultOf<T>(name: string, parse: Parse<T>): T | undefined {
    const spec = this.spec(name);
    const text = effectiveDefault(spec);
    if (text === undefined) return undefined;
    const result = parse(spec, text);
    if ('problem' in result) throw new Error(`the default of ${name} in the table ${result.problem}`);
    return result.value;
  }
}

function commentHint({ source, text }: Setting): string {
  return source === 'file' && holdsComment(text) ? '; a comment needs a line of its own' : '';
}
