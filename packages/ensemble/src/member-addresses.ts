import type { EnsembleConfig, ServerAddress, ServerId } from '@zk/quorum';
import type { HostAndPort } from './dialling.js';

export type MemberPort = 'quorumPort' | 'electionPort' | 'observerMasterPort';

/**
 * Where the servers of an ensemble are: by the committed configuration, else by the last one seen (spec: election,
 * section 1).
 */
export class MemberAddresses {
  private seen: EnsembleConfig | undefined;

  constructor(
    private readonly id: ServerId,
    private committed: EnsembleConfig,
    private readonly isListeningOnAll: boolean,
    private readonly observerMasterPort: number | undefined,
  ) {}

  changed(config: EnsembleConfig, status: 'seen' | 'committed'): void {
    if (status === 'committed') this.committed = config;
    else this.seen = config;
  }

  /** Empty for a server that neither has. */
  of(server: ServerId, port: MemberPort): readonly HostAndPort[] {
    const spec = this.committed.servers.get(server) ?? this.seen?.servers.get(server);
    return spec?.addresses.flatMap((address) => this.at(address, port)) ?? [];
  }

  /** Where this server accepts the others. */
  toListenOn(port: MemberPort): readonly HostAndPort[] {
    const addresses = this.of(this.id, port);
    if (!this.isListeningOnAll) return addresses;
    return [...new Set(addresses.map((address) => address.port))].map((number) => ({ host: '0.0.0.0', port: number }));
  }
  /** No configuration names the observer master port: it is the same everywhere. */
  private at(address: ServerAddress, name: MemberPort): readonly HostAndPort[] {
    const port = name === 'observerMasterPort' ? this.observerMasterPort : address[name];
    return port === undefined ? [] : [{ host: address.host, port }];
  }
}
