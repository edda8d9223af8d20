import { type Codec, type CreateModeName, type Duration, type OptionRules, rules } from '@zk/client-api';
import { type Acl, CreateMode } from '@zk/model';
import { parentsRule } from '../support/index.js';

export interface PersistentNodeOptions<T = Uint8Array> {
  /** Default `ephemeral`. */
  readonly mode?: CreateModeName | undefined;
  /**
   * `_c_<uuid>-` in front of the name, so that a node is found again whose create had no reply. Default: for sequential
   * modes. Without it a sequential node is looked for by owner and name, which costs a read of every candidate.
   */
  readonly protection?: boolean | undefined;
  readonly codec?: Codec<T> | undefined;
  readonly acl?: readonly Acl[] | undefined;
  /** For the modes with a time to live. */
  readonly ttl?: Duration | undefined;
  /** What missing parents become; default `container`. */
  readonly parents?: 'container' | 'persistent' | undefined;
  /**
   * When an ephemeral node of somebody else is in the way: write the data into it and take its place when it goes
   * (`set`, the default, as Curator), or delete it, once per session, so that watchers see a new one (`replace`).
   * One that an earlier session of this client left behind is always replaced.
   */
  readonly ifForeign?: 'set' | 'replace' | undefined;
  /** Whether {@link PersistentNode.close} deletes the node. Default true, for every mode, as Curator. */
  readonly deleteOnClose?: boolean | undefined;
}

export const persistentNodeRules: OptionRules<PersistentNodeOptions<unknown>> = {
  mode: rules.oneOf(...Object.keys(CreateMode)),
  protection: rules.flag,
  codec: rules.codec,
  acl: rules.acl,
  ttl: rules.duration,
  parents: parentsRule,
  ifForeign: rules.oneOf('set', 'replace'),
  deleteOnClose: rules.flag,
};
