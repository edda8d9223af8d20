import type { ServerId } from '@zk/quorum';
import type { PeerOutput, PeerPhase, PeerRole } from '@zk/zab';

/** What a server is in its ensemble, at one moment. */
export interface EnsembleRole {
  readonly role: PeerRole;
  readonly phase: PeerPhase;
  readonly epoch: number;
  /** Whom it follows, or itself; known while it serves. */
  readonly leader: ServerId | undefined;
  /** Whether clients may be served. */
  readonly isServing: boolean;
}

export const initialRole: EnsembleRole = {
  role: 'looking',
  phase: 'recovery',
  epoch: 0,
  leader: undefined,
  isServing: false,
};

export function changedRole(
  before: EnsembleRole,
  output: Extract<PeerOutput, { kind: 'phase' | 'serve' | 'stop-serving' }>,
): EnsembleRole {
  switch (output.kind) {
    case 'phase':
      return { ...before, role: output.role, phase: output.phase, epoch: output.epoch };
    case 'serve':
      return { ...before, role: output.role, epoch: output.epoch, leader: output.leader, isServing: true };
    case 'stop-serving':
      return { ...before, leader: undefined, isServing: false };
  }
}

export function isSameRole(one: EnsembleRole, other: EnsembleRole): boolean {
  return (
    one.role === other.role &&
    one.phase === other.phase &&
    one.epoch === other.epoch &&
    one.leader === other.leader &&
    one.isServing === other.isServing
  );
}
