import type { Membership } from './membership.js';

/** Who the server is by its member lines: alone, or one of several. */
export type Verdict = 'standalone' | 'ensemble';

export interface Judged {
  readonly verdict: Verdict;
  /** Why it must not start. */
  readonly problem?: string;
  readonly warning?: string;
}

/** spec: operations, section 4.4. */
export function judgeMembership(
  { config, where }: Membership,
  standalone: { readonly isEnabled: boolean; readonly where: string },
  hasOracle: boolean,
): Judged {
  const participants = [...config.servers.values()].filter(({ role }) => role === 'participant').length;
  const observers = config.servers.size - participants;
  if (participants === 0 && !standalone.isEnabled) {
    const problem = `${standalone.where}: standaloneEnabled=false needs a server.N line of a participant`;
    return { verdict: 'ensemble', problem };
  }
  if (participants < 2 && standalone.isEnabled) {
    if (observers === 0) return { verdict: 'standalone' };
    const present = participants === 0 ? 'no participant' : 'one participant, which runs standalone';
    const problem = `${where()}: observers need an ensemble to observe; there is ${present}`;
    return { verdict: 'standalone', problem };
  }
  const warning = hasOracle && participants === 2 ? undefined : sizeWarning(participants);
  return { verdict: 'ensemble', ...(warning !== undefined && { warning: `${where()}: ${warning}` }) };
}

function sizeWarning(participants: number): string | undefined {
  if (participants <= 2)
    return `an ensemble of ${participants} survives no failure of a server; three are needed for that`;
  if (participants % 2 === 1) return undefined;
  return `an ensemble of ${participants} survives no more failures than one of ${participants - 1}; odd numbers are better`;
}
