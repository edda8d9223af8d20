import type { KeySpec } from './key-spec.js';
import type { Setting } from './settings.js';

/** What the configuration makes of a server, as far as settings depend on it. */
export interface Uses {
  readonly isEnsemble: boolean;
  /** Whether a server on its own has a use for `ssl.quorum.*`: its admin server speaks TLS. */
  readonly usesQuorumTls: boolean;
}

/**
 * One line for everything that was set and does nothing here: a warning when Apache ZooKeeper would have done something
 * with it, else a note.
 */
export function describeIgnored(
  settings: Iterable<Setting>,
  { isEnsemble, usesQuorumTls }: Uses,
): { warnings: string[]; notes: string[] } {
  const unsupported: string[] = [];
  const ensemble: string[] = [];
  const noEffect: string[] = [];
  for (const { spec, name, text } of settings) {
    if (isMissed(spec, text)) unsupported.push(name);
    const isUsed = isEnsemble || (usesQuorumTls && name.startsWith('ssl.quorum.'));
    if (spec.status === 'ensemble' && !isUsed) ensemble.push(name);
    if (spec.status === 'no effect') noEffect.push(name);
  }
  const parts: string[] = [];
  if (unsupported.length > 0) parts.push(`not supported by this version: ${unsupported.join(', ')}`);
  if (ensemble.length > 0) parts.push(`used by ensembles only: ${ensemble.join(', ')}`);
  if (noEffect.length > 0) parts.push(`nothing to tune here: ${noEffect.join(', ')}`);
  if (parts.length === 0) return { warnings: [], notes: [] };
  const line = `settings without effect: ${parts.join('; ')}`;
  return unsupported.length > 0 ? { warnings: [line], notes: [] } : { warnings: [], notes: [line] };
}

/** Whether somebody asked for something that does not happen. The default asks for nothing. */
function isMissed(spec: KeySpec, text: string): boolean {
  return spec.status === 'unsupported' && text !== spec.default && !(spec.harmless ?? []).includes(text);
}
