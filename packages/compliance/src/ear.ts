import type { Connection, ConnectionHandler } from '@zk/contracts';

type CloseError = Error & { code?: string };

/** One end of a connection over which a test speaks text. */
export class Ear implements ConnectionHandler {
  /** All that was heard; `<drain>` where the transport let go of what it had held. */
  text = '';
  /** Runs whenever something was heard. */
  onText: ((ear: this) => void) | undefined;
  private close: (error: CloseError | undefined) => void = () => undefined;
  private waiting: (() => void) | undefined;
  /** Resolves when the connection is closed, with the reason where that was not in order. */
  readonly closed = new Promise<CloseError | undefined>((resolve) => (this.close = resolve));

  constructor(readonly connection: Connection) {}

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.text += new TextDecoder().decode(bytes.subarray(start, end));
    this.onText?.(this);
    this.waiting?.();
  }

  onDrain(): void {
    this.text += '<drain>';
  }

  onClose(error?: CloseError): void {
    this.close(error);
  }

  say(text: string): void {
    const bytes = new TextEncoder().encode(text);
    this.connection.write(bytes, 0, bytes.length);
  }

  /** Resolves when that is part of what was heard. */
  async hears(text: string): Promise<void> {
    while (!this.text.includes(text)) await new Promise<void>((resolve) => (this.waiting = resolve));
  }
}
