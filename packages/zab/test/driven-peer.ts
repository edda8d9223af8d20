import type { QuorumPacket } from '@zk/jute';
import { EnsembleConfig } from '@zk/quorum';
import {
  type DiskContents,
  type Notification,
  type PeerInput,
  type PeerOutput,
  type PeerStart,
  type PeerState,
  Peer,
  encodePacket,
} from '../src/index.js';

export const threeServers =
  'server.1=127.0.0.1:23281:23881:participant\nserver.2=127.0.0.1:23282:23882:participant\n' +
  'server.3=127.0.0.1:23283:23883:participant\nversion=0';

export interface DrivenOptions extends Partial<PeerStart> {
  readonly id: bigint;
  readonly configText?: string;
  readonly lastZxid?: bigint;
}

/** A peer whose disk is done at once, unless it is held; for tests that follow the protocol step by step. */
export class DrivenPeer {
  readonly peer: Peer;
  readonly outputs: PeerOutput[] = [];
  nowMs = 1000;
  /** Writes wait for {@link finishWrite}, and nothing becomes durable. */
  isDiskHeld = false;
  /** What a `read-log` asks for is the test's to give; otherwise there is none. */
  isLogHeld = false;
  /** What a `truncate` or `reload` finds. */
  disk: DiskContents | undefined;
  private appended = 0n;
  private readonly waiting: Extract<PeerOutput, { kind: 'write' }>[] = [];

  constructor(options: DrivenOptions) {
    const config = EnsembleConfig.parse(options.configText ?? threeServers);
    const disk = { lastZxid: options.lastZxid ?? 0n, recent: [] };
    this.peer = new Peer({ config, epochs: { accepted: 0, current: 0 }, disk, ...options });
    this.perform(this.peer.start(this.nowMs));
  }

  give(input: PeerInput): this {
    this.perform(this.peer.step(input, this.nowMs));
    return this;
  }

  wait(durationMs: number): this {
    this.nowMs += durationMs;
    return this.give({ kind: 'tick' });
  }

  hear(from: bigint, state: PeerState, vote: Partial<Notification> & { leader: bigint }): this {
    const notification = { state, zxid: 0n, round: 1n, peerEpoch: 0n, version: 2, config: null, ...vote };
    return this.give({ kind: 'notification', from, notification });
  }

  /** Joins an ensemble in which all others follow that leader; its link is number 1. */
  follow(leader: bigint, others: readonly bigint[]): this {
    this.hear(leader, 'leading', { leader });
    for (const other of others) this.hear(other, 'following', { leader });
    const dial = this.take('dial').at(-1)!;
    return this.give({ kind: 'connected', attempt: dial.attempt, link: 1 });
  }

  take<K extends PeerOutput['kind']>(kind: K): Extract<PeerOutput, { kind: K }>[] {
    return this.outputs.filter((output): output is Extract<PeerOutput, { kind: K }> => output.kind === kind);
  }

  /** One by one, in their order, whichever were sent together. */
  packetsSent(): { readonly link: number; readonly packet: QuorumPacket }[] {
    return this.take('send').flatMap(({ link, packets }) => packets.map((packet) => ({ link, packet })));
  }

  /** Everything sent on a link, as bytes. */
  sent(link: number): Buffer {
    return Buffer.concat(
      this.packetsSent()
        .filter((o) => o.link === link)
        .map((o) => encodePacket(o.packet)),
    );
  }

  get waitingWrites(): readonly string[] {
    return this.waiting.map((output) => output.point);
  }

  finishWrite(): this {
    const { ticket, write } = this.waiting.shift()!;
    if (write.kind !== 'truncate' && write.kind !== 'reload') return this.give({ kind: 'written', ticket });
    const lastZxid = write.kind === 'truncate' ? write.to : 0n;
    return this.give({ kind: 'written', ticket, disk: this.disk ?? { lastZxid, recent: [] } });
  }

  failWrite(reason: string): this {
    const { ticket } = this.waiting.shift()!;
    return this.give({ kind: 'write-failed', ticket, reason });
  }

  sync(): this {
    return this.appended === 0n ? this : this.give({ kind: 'durable', zxid: this.appended });
  }

  private perform(outputs: readonly PeerOutput[]): void {
    this.outputs.push(...outputs);
    for (const output of outputs) {
      if (output.kind === 'append') this.appended = output.entry.zxid;
      if (output.kind === 'write') this.waiting.push(output);
      if (output.kind === 'read-log' && !this.isLogHeld) this.give({ kind: 'log-unavailable', link: output.link });
      if (this.isDiskHeld) continue;
      if (output.kind === 'sync') this.sync();
      if (output.kind === 'write') this.finishWrite();
    }
  }
}
