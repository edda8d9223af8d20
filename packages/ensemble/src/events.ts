import type { PeerInput, PeerOutput } from '@zk/zab';

/** What a server around a peer has to act upon; documented at `PeerOutput` of `@zk/zab`. */
export type EnsembleEvent =
  /** The leader is about to be answered a ping: `touch` what was heard of. */
  { readonly kind: 'heartbeat' } | PeerEvent;

/** What comes from the peer as it is. */
export type PeerEvent = Extract<
  PeerOutput,
  {
    kind:
      | 'acknowledged'
      | 'append'
      | 'deliver'
      | 'serve'
      | 'stop-serving'
      | 'request'
      | 'touched'
      | 'revalidate'
      | 'revalidated'
      | 'synchronizing'
      | 'synced'
      | 'activate'
      | 'config'
      | 'halt';
  }
>;

/** What a server around a peer may ask of it, while it serves; documented at `PeerInput` of `@zk/zab`. */
export type EnsembleRequest = Extract<
  PeerInput,
  { kind: 'propose' | 'forward' | 'sync' | 'sync-learner' | 'touch' | 'revalidate' | 'revalidation' }
>;
