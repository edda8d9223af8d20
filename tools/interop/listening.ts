import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const DEADLINE_MS = 60_000;
const POLL_MS = 20;

/** Waits for a port that a server opens behind that of its clients: of its admin server, of its metrics. */
export async function listening(port: number): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  while (!(await isOpen(port)) && performance.now() < deadline) await delay(POLL_MS);
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
