import { CreateMode } from '@zk/model';
import { nearestName } from './nearest-name.js';
import { type OptionRule, type OptionRules, brokenRule, kindOf, rules } from './option-rules.js';
import type { CreateOptions, DeleteOptions, GetOptions, SetOptions, UpdateOptions } from './operations.js';
import type { WatchOptions } from './watches.js';

/** Everything that any call of a client takes. */
type AnyCallOptions = CreateOptions &
  DeleteOptions &
  GetOptions<unknown> &
  SetOptions &
  UpdateOptions<unknown> &
  WatchOptions;

const callRules: OptionRules<AnyCallOptions> = {
  signal: rules.signal,
  // Whoever uses it reads it once, and says what is wrong with it.
  timeout: rules.value,
  linearizable: rules.flag,
  codec: rules.codec,
  mode: rules.oneOf(...Object.keys(CreateMode)),
  acl: rules.acl,
  ttl: rules.duration,
  parents: rules.oneOf('container', 'persistent'),
  ifExists: rules.oneOf('fail', 'keep', 'set'),
  protection: rules.either(rules.flag, rules.object),
  version: rules.value,
  ifMissing: rules.oneOf('fail', 'ignore'),
  recursive: rules.flag,
  guaranteed: rules.flag,
  maxAttempts: rules.limit(1),
  initial: rules.value,
  create: rules.object,
  bufferSize: rules.limit(1),
  overflow: rules.oneOf('reset', 'dropOldest', 'error'),
};

const ruleOf: ReadonlyMap<string, OptionRule> = new Map(Object.entries(callRules));
const names = [...ruleOf.keys()];

/** Options of other layers that were seen before, up to a number: comparing a name with all of these takes its time. */
const foreign = new Set<string>();
const MAX_FOREIGN = 256;

/**
 * What is wrong with the options of any call of a client or a recipe; undefined when nothing is. A version in place of
 * options would be none at all. They travel through layers that add options of their own, so those that are not known
 * here are let through, but for a slip of the pen.
 */
export function callOptionsDefect(options: unknown): Error | undefined {
  if (options === undefined) return undefined;
  if (typeof options !== 'object' || options === null) {
    return new TypeError(`options are an object, as in { version: 3 } or { timeout: '5s' }, not ${kindOf(options)}`);
  }
  // Every call comes through here: no arrays of keys or entries.
  for (const name in options) {
    const rule = ruleOf.get(name);
    const value = (options as Readonly<Record<string, unknown>>)[name];
    if (rule === undefined) {
      const near = foreign.has(name) ? undefined : nearestName(name, names);
      if (near !== undefined) return new TypeError(`there is no option "${name}": did you mean "${near}"?`);
      if (foreign.size < MAX_FOREIGN) foreign.add(name);
    } else if (value !== undefined && !rule.isMet(value)) {
      return brokenRule(name, rule, value);
    }
  }
  return undefined;
}
