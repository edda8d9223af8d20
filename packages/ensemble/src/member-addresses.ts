import type { EnsembleConfig, ServerId } from '@zk/quorum';
import type { HostAndPort } from './dialling.js';

export type MemberPort = 'quorumPort' | 'electionPort';

/** Where the servers of an ensemble are: by the committed configuration, else by the last one seen (spec: election, section 1). */
export class MemberAddresses {
  private seen: EnsembleConfig | undefined;

  constructor(
    private readonly id: ServerId,
    private committed: EnsembleConfig,
    private readonly isListeningOnAll: boolean,
  ) {}

  changed(config: EnsembleConfig, status: 'seen' | 'committed'): void {
    if (status === 'committed') this.committed = config;
    else this.seen = config;
  }

  /** Empty for a server that neither has. */
  of(server: ServerId, port: MemberPort): readonly HostAndPort[] {
    const spec = this.committed.servers.get(server) ?? this.seen?.servers.get(server);
    return spec?.addresses.map((address) => ({ host: address.host, port: address[port] })) ?? [];
  }

  /** Where this server accepts the others. */
  toListenOn(port: MemberPort): readonly HostAndPort[] {
    const addresses = this.of(this.id, port);
    if (!this.isListeningOnAll) return addresses;
    return [...new Set(addresses.map((address) => address.port))].map((number) => ({ host: '0.0.0.0', port: number }));
  }
}
