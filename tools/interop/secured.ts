/**
 * Mixed ensembles whose members prove who they are: quorum TLS, the port for both on the way to it, SASL DIGEST-MD5, and
 * SASL over TLS, each led by ours and by Apache's, under the same checks as `mixed`. Then a member comes with another
 * certificate and another password, and stays outside.
 */
import { LaunchError } from '../lib/launch.ts';
import type { EnsembleProcesses, ZooConfig } from '../lib/ensemble-processes.ts';
import { runCombinations } from './ensemble/combination.ts';
import type { Combination } from './ensemble/combination.ts';
import { titleOf } from './ensemble/compare.ts';
import { voters } from './ensemble/members.ts';
import type { Seat } from './ensemble/members.ts';
import type { PeerReport } from './harness.ts';
import { installApache } from './install.ts';
import type { Peer } from './peers.ts';
import { Credentials } from './secured/credentials.ts';
import type { MemberCredentials } from './secured/credentials.ts';

interface Guard {
  readonly name: string;
  /** Keys of the member in each seat, the one that leads last. */
  readonly configOf: (credentials: MemberCredentials, seat: number) => ZooConfig;
  /** Whether somebody without the right credentials is kept out. */
  readonly isClosed: boolean;
}

const stores = ({ store, trust }: MemberCredentials): ZooConfig => ({
  'ssl.quorum.keyStore.location': store,
  'ssl.quorum.trustStore.location': trust,
});

const tls = (credentials: MemberCredentials): ZooConfig => ({ sslQuorum: 'true', ...stores(credentials) });

const sasl = ({ logins }: MemberCredentials): ZooConfig => ({
  'quorum.auth.enableSasl': 'true',
  'quorum.auth.learnerRequireSasl': 'true',
  'quorum.auth.serverRequireSasl': 'true',
  'java.security.auth.login.config': logins,
});

const GUARDS: readonly Guard[] = [
  { name: 'TLS', configOf: tls, isClosed: true },
  {
    name: 'a port for both, and one that speaks plain text yet',
    configOf: (credentials, seat) => ({
      portUnification: 'true',
      ...(seat === 0 ? stores(credentials) : tls(credentials)),
    }),
    isClosed: false,
  },
  { name: 'SASL', configOf: sasl, isClosed: true },
  { name: 'SASL over TLS', configOf: (credentials) => ({ ...tls(credentials), ...sasl(credentials) }), isClosed: true },
];

const LEADS: readonly { readonly name: string; readonly seats: readonly Seat[] }[] = [
  { name: "ours leads two of Apache's", seats: voters('apache', 'apache', 'zk') },
  { name: "Apache's leads two of ours", seats: voters('zk', 'zk', 'apache') },
];

/** Leaders killed in each combination. */
const KILLS = 1;
const LONG_KILLS = 6;
/** Somebody who is let in serves long before. */
const OUTSIDE_MS = 5_000;

export const secured: Peer = {
  name: 'secured',
  title: "ensembles of ours and Apache's with quorum TLS and SASL, under kills of the leader",
  startsItsOwn: true,
  notOnEnsembles: 'it starts ensembles itself',
  install: async () => {
    await installApache();
    return async (context) => {
      const credentials = new Credentials();
      const combinations = GUARDS.flatMap((guard) =>
        LEADS.map((lead) => combinationOf(guard, lead.name, lead.seats, credentials)),
      );
      await runCombinations(context, combinations, context.isLong ? LONG_KILLS : KILLS);
    };
  },
};

function combinationOf(guard: Guard, lead: string, seats: readonly Seat[], credentials: Credentials): Combination {
  const name = `${guard.name}, ${lead}`;
  const own = seats.map(() => credentials.copy());
  return {
    name,
    seats: seats.map((seat, index) => ({
      ...seat,
      config: guard.configOf(own[index]!, index),
      properties: { 'java.security.auth.login.config': own[index]!.logins, 'zookeeper.fips-mode': 'false' },
    })),
    ...(guard.isClosed ? { afterwards: (report, ensemble) => expectOutside(report, name, ensemble, own[0]!) } : {}),
  };
}

/** The first member comes back with what others would have, and serves nobody until it has its own again. */
async function expectOutside(
  report: PeerReport,
  name: string,
  ensemble: EnsembleProcesses,
  credentials: MemberCredentials,
): Promise<void> {
  const member = ensemble.member(1);
  await member.stop();
  credentials.spoil();
  member.start();
  const isOutside = await member.waitServing(OUTSIDE_MS).then(
    () => false,
    (error: unknown) => error instanceof LaunchError,
  );
  report.check(`${name}: ${titleOf(member)} stays outside with a wrong certificate and password`, isOutside);
  await member.stop();
  credentials.restore();
  member.start();
  await member.waitServing();
  report.pass(`${name}: and comes back with the right ones`);
}
