import type { EnsembleConfig, ServerAddress, ServerId, ServerSpec } from '@zk/quorum';
import type { HostAndPort } from './dialling.js';

export type MemberPort = 'quorumPort' | 'electionPort' | 'observerMasterPort';

/**
 * Where the servers of an ensemble are: by the committed configuration, else by the last one seen (spec: election,
 * section 1). This server itself stays where it was when a configuration leaves it out: it goes on without a vote, and the
 * others must be told where to call it back.
 */
export class MemberAddresses {
  private seen: EnsembleConfig | undefined;
  private self: ServerSpec | undefined;

  constructor(
    private readonly id: ServerId,
    private committed: EnsembleConfig,
    private readonly isListeningOnAll: boolean,
    private readonly observerMasterPort: number | undefined,
  ) {
    this.self = committed.servers.get(id);
  }

  changed(config: EnsembleConfig, status: 'seen' | 'committed'): void {
    if (status === 'committed') this.committed = config;
    else this.seen = config;
    this.self = this.listed(this.id) ?? this.self;
  }

  /** Empty for another server that neither has. */
  of(server: ServerId, port: MemberPort): readonly HostAndPort[] {
    const spec = server === this.id ? this.self : this.listed(server);
    return spec?.addresses.flatMap((address) => this.at(address, port)) ?? [];
  }

  /** Where this server accepts the others. */
  toListenOn(port: MemberPort): readonly HostAndPort[] {
    const addresses = this.of(this.id, port);
    if (!this.isListeningOnAll) return addresses;
    return [...new Set(addresses.map((address) => address.port))].map((number) => ({ host: '0.0.0.0', port: number }));
  }

  private listed(server: ServerId): ServerSpec | undefined {
    return this.committed.servers.get(server) ?? this.seen?.servers.get(server);
  }

  /** No configuration names the observer master port: it is the same everywhere. */
  private at(address: ServerAddress, name: MemberPort): readonly HostAndPort[] {
    const port = name === 'observerMasterPort' ? this.observerMasterPort : address[name];
    return port === undefined ? [] : [{ host: address.host, port }];
  }
}
