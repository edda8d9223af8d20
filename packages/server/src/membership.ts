import type { Clock, Logger } from '@zk/contracts';
import type { DataTree } from '@zk/data-tree';
import type { EnsemblePeer } from '@zk/ensemble';
import { type ReconfigRequest, RecordWriter, utf8Bytes, utf8Text } from '@zk/jute';
import { OpCode, type Zxid } from '@zk/model';
import { type EnsembleConfig, type ReconfigSituation, planReconfig } from '@zk/quorum';

/** Where the configuration of an ensemble is kept beside the data, so that a start finds the members of now. */
export interface MembershipStore {
  /** It was proposed. */
  seen(config: EnsembleConfig): Promise<void>;
  /** It is in force. */
  committed(config: EnsembleConfig): Promise<void>;
}

const PATH = utf8Bytes('/zookeeper/config');
/** Of what the log says about a refusal, which quotes the request: that may be a megabyte of anything. */
const MAX_REASON_CHARS = 500;

export interface MembershipParts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Absent: the members are kept in the data alone. */
  readonly store?: MembershipStore | undefined;
}

/** Who belongs to the ensemble, as a server and its clients see it. */
export class Membership {
  constructor(
    private committed: EnsembleConfig,
    private readonly peer: () => Pick<EnsemblePeer, 'reconfigSituation'>,
    private readonly rules: Pick<ReconfigSituation, 'isStandaloneEnabled' | 'isMultiAddressEnabled'>,
    private readonly parts: MembershipParts,
  ) {}

  get config(): EnsembleConfig {
    return this.committed;
  }

  /** The ensemble has agreed on a configuration, or may. */
  changed(config: EnsembleConfig, status: 'seen' | 'committed'): void {
    if (status === 'committed') this.committed = config;
    const { store, logger } = this.parts;
    const kept = status === 'committed' ? store?.committed(config) : store?.seen(config);
    // The data says the same: a start that finds an old file learns from it, or from the others.
    kept?.catch((error: unknown) => {
      logger.error({ err: error, status }, 'the configuration of the ensemble could not be written');
    });
  }

  /** What a leader makes of a client's `reconfig`. */
  readonly plan = (request: ReconfigRequest, version: Zxid): { text: string } | { code: number } => {
    const situation = this.peer().reconfigSituation();
    if (situation === undefined) throw new Error('nobody leads before the start');
    const planned = planReconfig(request, { ...situation, ...this.rules }, version);
    if ('config' in planned) return { text: planned.config.text };
    this.parts.logger.warn({ reason: planned.reason.slice(0, MAX_REASON_CHARS) }, 'a reconfiguration is refused');
    return { code: planned.code };
  };

  /**
   * Puts the configuration under `/zookeeper/config`, where clients look for it. No transaction does that, since it is the
   * servers' own, and does not count in the digest (spec: learner protocol, section 6).
   */
  publish(tree: DataTree): void {
    const { text, version } = this.committed;
    const node = tree.find(PATH, 0, PATH.length);
    if (node < 0 || utf8Text(tree.dataBytes(node) ?? PATH) === text) return;
    const txn = new RecordWriter()
      .int64(0n)
      .int32(0)
      .int64(version)
      .int64(BigInt(Math.floor(this.parts.clock.wallMs())))
      .int32(OpCode.reconfig)
      .buffer(PATH)
      .buffer(utf8Bytes(text))
      .int32(-1)
      .bytes();
    tree.apply(txn, 0, txn.length, null);
  }
}

/** The text under `/zookeeper/config`; undefined where there is none. */
export function publishedConfig(tree: DataTree): string | undefined {
  const node = tree.find(PATH, 0, PATH.length);
  const bytes = node < 0 ? undefined : tree.dataBytes(node);
  return bytes === undefined || bytes === null || bytes.length === 0 ? undefined : utf8Text(bytes);
}
