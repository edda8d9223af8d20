import { connect, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';

const PATIENCE_MS = 5000;

/** Sends a four-letter word and gives back the answer; empty when nobody answers. */
export function ask(host: string, port: number, word: string): Promise<string> {
  return converse(connect({ host, port }), 'connect', word);
}

/**
 * The same over TLS, to a server of one's own: whether it has the right certificate is not asked.
 * `credentials` are what to show it.
 */
export function askSecurely(
  host: string,
  port: number,
  word: string,
  credentials: Pick<ConnectionOptions, 'cert' | 'key'>,
): Promise<string> {
  return converse(connectTls({ host, port, rejectUnauthorized: false, ...credentials }), 'secureConnect', word);
}

function converse(socket: Socket, connected: string, word: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.setEncoding('utf8');
    socket.on(connected, () => socket.write(word));
    socket.on('data', (text) => (answer += String(text)));
    // 'close' follows every error and decides: what arrived before it is the answer.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(answer));
  });
}
