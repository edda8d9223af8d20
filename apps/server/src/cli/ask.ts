import { connect } from 'node:net';

const PATIENCE_MS = 5000;

/** Sends a four-letter word and gives back the answer; empty when nobody answers. */
export function ask(host: string, port: number, word: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ host, port });
    socket.setTimeout(PATIENCE_MS, () => socket.destroy());
    socket.setEncoding('utf8');
    socket.on('connect', () => socket.write(word));
    socket.on('data', (text) => (answer += String(text)));
    // 'close' follows every error and decides: what arrived before it is the answer.
    socket.on('error', () => socket.destroy());
    socket.on('close', () => resolve(answer));
  });
}
