import type { Connection, ConnectionHandler, SaslExchange } from '@zk/contracts';
import { decodeInitialMessage } from '@zk/zab';
import { AuthStatus, beginsAuthPacket, decodeAuthPacket, encodeAuthPacket } from './auth-packets.js';
import { CarriedBytes } from './carried-bytes.js';

/** What comes before the proof: nothing on a quorum port, on an election port the initial message. */
export type Port = 'quorum' | 'election';

export interface Judgement {
  /** @returns who hears everything but the exchange; undefined: nobody, and the connection is closed */
  admitted(): ConnectionHandler | undefined;
  /** The connection is closed. */
  turnedAway(reason: string): void;
  /** The other end hung up. */
  left(): void;
  /** The other end failed to prove itself, and is let in all the same. */
  tolerated(reason: string): void;
}

/** Exchanges of DIGEST-MD5 have two rounds. */
const MAX_ROUNDS = 5;

/**
 * The end that was dialled waits for a proof before it hands the connection on. Who offers none is let in where none is
 * required; so is, as by Apache ZooKeeper, who fails, after having been told: that one hangs up.
 */
export class JudgingEnd implements ConnectionHandler {
  private readonly received = new CarriedBytes();
  private introduction: Uint8Array = new Uint8Array(0);
  private isIntroduced: boolean;
  private exchange: SaslExchange | undefined;
  private rounds = 0;
  private successor: ConnectionHandler | undefined;
  private isOver = false;

  constructor(
    private readonly connection: Connection,
    port: Port,
    private readonly begin: () => SaslExchange,
    private readonly isProofRequired: boolean,
    private readonly judgement: Judgement,
  ) {
    this.isIntroduced = port === 'quorum';
  }

  /** Closes the connection, unless it has been handed on. */
  turnAway(reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    this.connection.destroy();
    this.judgement.turnedAway(reason);
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    if (this.successor !== undefined) this.successor.onData(bytes, start, end);
    else if (!this.isOver) {
      this.received.add(bytes, start, end);
      this.proceed();
    }
  }

  onDrain(): void {
    this.successor?.onDrain();
  }

  onClose(error?: Error): void {
    if (!this.isOver) this.hungUp();
    this.successor?.onClose(error);
  }

  /** Who only asks to be called back says who it is, and hangs up. */
  private hungUp(): void {
    const isIntroducedOnly = this.introduction.length > 0 && this.exchange === undefined;
    if (isIntroducedOnly && !this.isProofRequired) return this.admit();
    this.isOver = true;
    this.judgement.left();
  }

  private proceed(): void {
    if (!this.isIntroduced && !this.takeIntroduction()) return;
    if (this.exchange === undefined) {
      const begins = beginsAuthPacket(this.received.view);
      if (begins === 'incomplete') return;
      if (!begins) {
        if (this.isProofRequired) this.turnAway('it offers no SASL, which is required here');
        else this.admit();
        return;
      }
      this.exchange = this.begin();
    }
    this.judge(this.exchange);
  }

  /** @returns whether all of it has arrived */
  private takeIntroduction(): boolean {
    const initial = decodeInitialMessage(this.received.view);
    if (initial === 'refused') this.turnAway('what came is not the initial message of an election');
    if (typeof initial === 'string') return false;
    this.introduction = this.received.take(initial.lengthBytes);
    this.isIntroduced = true;
    return true;
  }

  private judge(exchange: SaslExchange): void {
    while (!this.isOver) {
      const decoded = decodeAuthPacket(this.received.view);
      if (decoded === 'incomplete') return;
      if (decoded === 'refused') return this.refuse('what came is not a packet of an exchange');
      this.received.take(decoded.lengthBytes);
      const step = exchange.step(decoded.packet.token);
      if (step.kind === 'failed') return this.refuse(step.reason);
      if (step.kind === 'complete') {
        this.send(AuthStatus.SUCCESS, step.token);
        return this.admit();
      }
      if (++this.rounds > MAX_ROUNDS) return this.refuse('the exchange has too many rounds');
      this.send(AuthStatus.IN_PROGRESS, step.token);
    }
  }

  private refuse(reason: string): void {
    this.send(AuthStatus.ERROR);
    if (!this.isProofRequired) {
      this.judgement.tolerated(reason);
      this.admit();
      return;
    }
    this.isOver = true;
    // In order, so that the other end hears why.
    this.connection.end();
    this.judgement.turnedAway(reason);
  }

  private admit(): void {
    this.isOver = true;
    const successor = this.judgement.admitted();
    if (successor === undefined) {
      this.connection.destroy();
      return;
    }
    this.successor = successor;
    for (const bytes of [this.introduction, this.received.takeAll()]) {
      if (bytes.length > 0) successor.onData(bytes, 0, bytes.length);
    }
  }

  private send(status: number, token: Uint8Array = new Uint8Array(0)): void {
    const bytes = encodeAuthPacket(status, token);
    this.connection.write(bytes, 0, bytes.length);
  }
}
