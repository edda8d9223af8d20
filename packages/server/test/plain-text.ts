import type { Harness } from './harness.js';
import { rest } from './virtual-time.js';

/** How a server tells its version, as a regular expression. */
export const VERSION_PATTERN = String.raw`3\.9\.5-[^,]+, built on \d{4}-\d\d-\d\d \d\d:\d\d UTC`;

/** Sends pieces of bytes, a few turns apart, and gives what comes back until the server closes. */
export async function converse(harness: Harness, pieces: readonly (string | Uint8Array)[]): Promise<string> {
  const { transport } = harness;
  const received: Buffer[] = [];
  let close: () => void = () => undefined;
  const closed = new Promise<void>((resolve) => (close = resolve));
  const connection = await transport.dial({ ...harness.server.clientAddress }, () => ({
    onData: (bytes, start, end) => received.push(Buffer.from(bytes.slice(start, end))),
    onDrain: () => undefined,
    onClose: () => close(),
  }));
  for (const piece of pieces) {
    const bytes = Buffer.from(piece);
    connection.write(bytes, 0, bytes.length);
    await rest();
  }
  await closed;
  return Buffer.concat(received).toString('utf8');
}
