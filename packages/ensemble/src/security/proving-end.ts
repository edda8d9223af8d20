import type { Connection, ConnectionHandler, SaslExchange } from '@zk/contracts';
import { AuthStatus, decodeAuthPacket, encodeAuthPacket } from './auth-packets.js';
import { CarriedBytes } from './carried-bytes.js';

/** The server that was dialled did not take the proof, or did not give its own. */
export class QuorumAuthError extends Error {
  override readonly name = 'QuorumAuthError';
}

export interface ProofOutcome {
  /** @returns who hears what follows on the connection */
  proved(): ConnectionHandler;
  /** The connection is closed, or about to be. */
  failed(error: Error): void;
}

const EMPTY = new Uint8Array(0);

/**
 * The end that dialled proves who it is: tokens go to and fro until the other end says that it is convinced, which counts
 * only with a proof of its own. Then the connection belongs to somebody else.
 */
export class ProvingEnd implements ConnectionHandler {
  private readonly received = new CarriedBytes();
  private successor: ConnectionHandler | undefined;
  private isOver = false;

  constructor(
    private readonly connection: Connection,
    private readonly exchange: SaslExchange,
    private readonly outcome: ProofOutcome,
  ) {}

  /** Sends the first packet. DIGEST-MD5 begins with an empty token. */
  begin(): void {
    this.send(EMPTY);
  }

  /** Gives up, unless it is over. */
  abandon(error: Error): void {
    if (this.isOver) return;
    this.isOver = true;
    this.connection.destroy();
    this.outcome.failed(error);
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    if (this.successor !== undefined) this.successor.onData(bytes, start, end);
    else if (!this.isOver) {
      this.received.add(bytes, start, end);
      this.read();
    }
  }

  onDrain(): void {
    this.successor?.onDrain();
  }

  onClose(error?: Error): void {
    this.abandon(new QuorumAuthError('the other server closed the connection during SASL', { cause: error }));
    this.successor?.onClose(error);
  }

  private read(): void {
    while (!this.isOver) {
      const decoded = decodeAuthPacket(this.received.view);
      if (decoded === 'incomplete') return;
      if (decoded === 'refused') return this.fail('the other server does not speak SASL');
      this.received.take(decoded.lengthBytes);
      this.answer(decoded.packet.status, decoded.packet.token);
    }
  }

  private answer(status: number, token: Uint8Array): void {
    if (status !== AuthStatus.IN_PROGRESS && status !== AuthStatus.SUCCESS) {
      return this.fail('the other server did not accept the login');
    }
    const step = this.exchange.step(token);
    if (step.kind === 'failed') return this.fail(step.reason);
    if (status === AuthStatus.IN_PROGRESS) this.send(step.token ?? EMPTY);
    else if (step.kind === 'complete') this.succeed();
    else this.fail('the other server ended the exchange before its turn');
  }

  private succeed(): void {
    this.isOver = true;
    const successor = this.outcome.proved();
    this.successor = successor;
    const rest = this.received.takeAll();
    if (rest.length > 0) successor.onData(rest, 0, rest.length);
  }

  private fail(reason: string): void {
    this.abandon(new QuorumAuthError(reason));
  }

  private send(token: Uint8Array): void {
    const bytes = encodeAuthPacket(AuthStatus.IN_PROGRESS, token);
    this.connection.write(bytes, 0, bytes.length);
  }
}
