import type { AddressInfo, SocketConstructorOpts } from 'node:net';
import { connect, createServer, Socket } from 'node:net';

/**
 * One read buffer for all sockets. Node can read into memory of ours (`onread`) instead of allocating 64 KiB for each
 * read and trimming it, which spares an allocation and a copy per message. It documents that for sockets one dials,
 * not for accepted ones; those are adopted here: the handle is taken out of the socket that the server made and given
 * to a new one that has the option. `_handle` and `handle` are not documented, so nothing outside this file touches
 * them, and {@link canAdoptSockets} tries the whole thing out before anybody relies on it.
 */

/** As much as libuv asks for at once. */
const READ_BUFFER_BYTES = 65_536;
const PROBE_TIMEOUT_MS = 1_000;

export type ReadCallback = (count: number, bytes: Uint8Array) => boolean;

interface SocketWithHandle {
  _handle: object | null;
}

export function makeReadBuffer(): Uint8Array {
  return new Uint8Array(READ_BUFFER_BYTES);
}

/** The connection of `accepted` in a new socket that reads into `buffer`, once `read(0)` is called on it. */
export function adoptSocket(accepted: Socket, buffer: Uint8Array, callback: ReadCallback): Socket {
  const shell = accepted as unknown as SocketWithHandle;
  const handle = shell._handle;
  // What is left of the socket is garbage: its server counts it for ever, and asks nobody.
  shell._handle = null;
  const options = { handle, allowHalfOpen: true, manualStart: true, onread: { buffer, callback } };
  return new Socket(options as unknown as SocketConstructorOpts);
}

let probe: Promise<boolean> | undefined;

/** Whether {@link adoptSocket} works on this platform: a few bytes go both ways over loopback, once per process. */
export function canAdoptSockets(): Promise<boolean> {
  probe ??= probeAdoption().catch(() => false);
  return probe;
}

async function probeAdoption(): Promise<boolean> {
  const buffer = makeReadBuffer();
  const opened: Socket[] = [];
  const server = createServer({ allowHalfOpen: true, pauseOnConnect: true });
  let deadline: NodeJS.Timeout | undefined;
  try {
    return await new Promise<boolean>((resolve, reject) => {
      deadline = setTimeout(() => resolve(false), PROBE_TIMEOUT_MS);
      const keep = (socket: Socket): Socket => {
        opened.push(socket);
        return socket.on('error', reject);
      };
      server.on('error', reject);
      server.on('connection', (accepted) => {
        try {
          const socket = keep(
            adoptSocket(accepted, buffer, (count, bytes) => {
              if (bytes !== buffer || count !== 1 || buffer[0] !== 1) resolve(false);
              else socket.write(Uint8Array.of(2));
              return true;
            }),
          );
          socket.read(0);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
      server.listen({ host: '127.0.0.1', port: 0 }, () => {
        const client = keep(connect((server.address() as AddressInfo).port, '127.0.0.1'));
        client.on('data', (data) => resolve(data.length === 1 && data[0] === 2));
        client.write(Uint8Array.of(1));
      });
    });
  } finally {
    clearTimeout(deadline);
    for (const socket of opened) socket.destroy();
    server.close();
  }
}
