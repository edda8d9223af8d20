import { createQuorumSasl } from '@zk/auth';
import type { Logger, Transport } from '@zk/contracts';
import { type QuorumTransport, SaslTransport, TwoWayTransport } from '@zk/ensemble';
import { systemScheduler } from '@zk/server';
import { TcpTransport } from '@zk/transport-tcp';
import { tlsTransport } from './compose-listeners.js';
import type { EnsembleSettings } from './config/ensemble/ensemble-settings.js';

/** How the members of an ensemble reach each other: over TCP or TLS, and with SASL on top where that is asked for. */
export async function quorumTransport(ensemble: EnsembleSettings, logger: Logger): Promise<QuorumTransport> {
  const { sasl, election } = ensemble;
  const transport = await encryptedTransport(ensemble, logger);
  if (sasl === undefined) return transport;
  const { prove, judge } = createQuorumSasl({ users: new Map(sasl.users), login: sasl.login });
  const options = {
    prove: sasl.isRequiredOfServers ? prove : undefined,
    judge,
    isProofRequired: sasl.isRequiredOfLearners,
    timeoutMs: election.handshakeTimeoutMs,
  };
  return new SaslTransport(transport, options, { scheduler: systemScheduler, logger });
}

async function encryptedTransport({ tls }: EnsembleSettings, logger: Logger): Promise<Transport> {
  const plain = new TcpTransport({ logger });
  if (tls === undefined) return plain;
  const { allowsPlainText, verifiesServerNames } = tls;
  const encrypted = await tlsTransport(tls, logger, { allowsPlainText, verifiesServerNames });
  return tls.isUsed ? encrypted : new TwoWayTransport(plain, encrypted);
}
