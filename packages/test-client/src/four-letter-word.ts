import type { Transport } from '@zk/contracts';
import { utf8Bytes, utf8Text } from '@zk/jute';

/**
 * Sends a four-letter word and gives the text that comes back until the server closes.
 * @throws what {@link Transport.dial} throws, or the error that ended the connection
 */
export async function fourLetterWord(transport: Transport, host: string, port: number, word: string): Promise<string> {
  const pieces: Uint8Array[] = [];
  const { promise, resolve, reject } = deferred<string>();
  const connection = await transport.dial({ host, port }, () => ({
    onData: (bytes, start, end) => pieces.push(bytes.slice(start, end)),
    onDrain: () => undefined,
    onClose: (error) => (error ? reject(error) : resolve(joinedText(pieces))),
  }));
  const bytes = utf8Bytes(word);
  connection.write(bytes, 0, bytes.length);
  return promise;
}

interface Deferred<T> {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: Error): void;
}

function deferred<T>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<T>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  return { promise, resolve, reject };
}

/** Joined before they become text: a character may be cut in two. */
function joinedText(pieces: readonly Uint8Array[]): string {
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return utf8Text(all);
}
