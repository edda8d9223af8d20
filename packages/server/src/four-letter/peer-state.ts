import type { EnsembleMode, EnsembleView } from '../ensemble-view.js';

const STATES: Readonly<Record<EnsembleMode, string>> = {
  leader: 'leading',
  follower: 'following',
  observer: 'observing',
  'read-only': 'looking',
};

/** Such as `following - synchronization - diff`; undefined for a server that does not say. */
export function peerState(view: EnsembleView | undefined): string | undefined {
  if (view === undefined || view.mode === 'read-only') return undefined;
  const { mode, phase, syncMode } = view;
  return [STATES[mode], phase, ...(phase === 'synchronization' && syncMode !== undefined ? [syncMode] : [])].join(
    ' - ',
  );
}
