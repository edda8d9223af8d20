import type { StateStore } from '@zk/contracts';
import { EnsembleConfig } from '@zk/quorum';
import type { MembershipStore } from '@zk/server';

/** The members of the ensemble as they stand on the disk of one machine: what its next start begins with. */
export class MemberFile implements MembershipStore {
  /** Writes are done one after the other. */
  private last: Promise<void> = Promise.resolve();

  private constructor(
    private readonly state: StateStore,
    private readonly name: string,
    readonly config: EnsembleConfig,
    private version: bigint,
  ) {}

  /** @param written what it says as long as no server has written it */
  static async open(state: StateStore, name: string, written: EnsembleConfig): Promise<MemberFile> {
    const text = await state.read(name);
    const config = text === undefined ? written : EnsembleConfig.parse(text);
    return new MemberFile(state, name, config, config.version);
  }

  /** A proposal counts by being in the log. */
  seen(): Promise<void> {
    return Promise.resolve();
  }

  committed(config: EnsembleConfig): Promise<void> {
    const written = this.last.then(() => this.write(config));
    this.last = written.catch(() => undefined);
    return written;
  }

  private async write(config: EnsembleConfig): Promise<void> {
    if (config.version <= this.version) return;
    await this.state.write(this.name, config.text);
    this.version = config.version;
  }
}
