import type { Scheduler, Transport } from '@zk/contracts';
import { utf8Bytes, utf8Text } from '@zk/jute';
import type { ServerAddress } from './connection-string.js';
import type { Resolver } from './options.js';

const PROBE_TIMEOUT_MS = 1000;
/** Longer than any answer that makes sense. */
const ANSWER_BYTES = 16;

/**
 * Asks a server with the four-letter word `isro`, on a connection of its own, whether it takes writes: it answers `rw`,
 * `ro`, or `null` while it serves nobody.
 */
export async function probeServer(
  transport: Transport,
  lookUp: Resolver,
  scheduler: Scheduler,
  server: ServerAddress,
): Promise<boolean> {
  const abort = new AbortController();
  const timer = scheduler.after(PROBE_TIMEOUT_MS, () => abort.abort(new Error('no answer')));
  try {
    const [address = server.host] = await lookUp(server.host);
    const answer = await ask(transport, { host: address, port: server.port, serverName: server.host }, abort.signal);
    return answer.startsWith('rw');
  } finally {
    timer.cancel();
  }
}

async function ask(
  transport: Transport,
  to: { readonly host: string; readonly port: number; readonly serverName: string },
  signal: AbortSignal,
): Promise<string> {
  let answer = '';
  let settle: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (settle = resolve));
  const connection = await transport.dial({ ...to, signal }, () => ({
    onData(bytes, start, end) {
      answer += utf8Text(bytes, start, end);
      if (answer.length >= ANSWER_BYTES) settle();
    },
    onDrain: () => undefined,
    onClose: () => settle(),
  }));
  signal.addEventListener('abort', settle);
  const question = utf8Bytes('isro');
  connection.write(question, 0, question.length);
  await ended;
  connection.destroy();
  return answer;
}
