import { type OptionRule, type ZkClient, callOptionsDefect, kindOf, requireOptions, rules } from '@zk/client-api';
import { requirePath } from './paths.js';

/** Of options that several recipes have. */
export const dialectRule: OptionRule = rules.oneOf('curator', 'kazoo');
export const parentsRule: OptionRule = rules.oneOf('container', 'persistent');
export const lossRule: OptionRule = rules.oneOf('session', 'connection');
export const identityRule: OptionRule = rules.either(rules.text, rules.object);

/**
 * What every recipe is made of, looked at where it is made.
 *
 * @param owner what is made, for the message: `a Mutex`
 * @returns the options
 * @throws TypeError for a client, a path or options that are none, RangeError for a path that is not valid
 */
export function requireRecipe<O>(
  owner: string,
  client: ZkClient,
  path: string,
  options: O,
  known: Readonly<Record<string, OptionRule>>,
  needed: readonly (keyof O & string)[] = [],
): O {
  requireClient(owner, client);
  requirePath(path);
  return requireOptions(owner, options, known, needed);
}

/** A client, and not the promise of one. @throws TypeError */
export function requireClient(owner: string, client: ZkClient): void {
  if (typeof client === 'object' && client !== null && 'runtime' in client) return;
  throw new TypeError(`${owner} is made of a client, as connect() resolves with, not of ${kindOf(client)}`);
}

/** Before options of a call are taken apart. @throws TypeError */
export function requireCallOptions(options: unknown): void {
  const defect = callOptionsDefect(options);
  if (defect !== undefined) throw defect;
}

/** @param what what it is for: `the handler of a consumer`; @throws TypeError */
export function requireFunction(what: string, value: unknown): void {
  if (typeof value !== 'function') throw new TypeError(`${what} is a function, not ${kindOf(value)}`);
}
