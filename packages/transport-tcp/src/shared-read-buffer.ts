import type { AddressInfo, Server, SocketConstructorOpts } from 'node:net';
import { connect, createServer, Socket } from 'node:net';

/**
 * One read buffer for all sockets. Node can read into memory of ours (`onread`) instead of allocating 64 KiB for each
 * read and trimming it, which spares an allocation and a copy per message. It documents that for sockets one dials,
 * not for accepted ones; those are made here: the handle is taken before the server makes a socket of it, and given to
 * one that has the option. `_handle`, `onconnection` and `handle` are not documented, so nothing outside this file
 * touches them, and {@link canTakeHandles} tries the whole thing out before anybody relies on it.
 */

/** As much as libuv asks for at once. */
const READ_BUFFER_BYTES = 65_536;
const PROBE_TIMEOUT_MS = 1_000;

export type ReadCallback = (count: number, bytes: Uint8Array) => boolean;

type OnConnection = (this: object, error: number, handle: object | undefined) => void;

interface ServerWithHandle {
  readonly _handle: { onconnection: OnConnection; setNoDelay?(isOn: boolean): number };
}

export function makeReadBuffer(): Uint8Array {
  return new Uint8Array(READ_BUFFER_BYTES);
}

/** What a server accepts goes to `take`, not into sockets of its own; failures stay its own. To be called once it listens. */
export function takeHandles(server: Server, take: (handle: object) => void): void {
  const { _handle } = server as unknown as ServerWithHandle;
  const { onconnection } = _handle;
  _handle.onconnection = function (error, handle) {
    if (error !== 0 || handle === undefined) onconnection.call(this, error, handle);
    else take(handle);
  };
}

/**
 * Tells the kernel not to hold small writes back, for whatever the server accepts from now on: Linux hands that on from
 * the socket that listens, which spares each connection a system call, a twentieth of what a session costs.
 *
 * @returns whether it does; otherwise each socket is to be told by itself, as are those that came before
 */
export function setNoDelayForAccepted(server: Server): boolean {
  const { _handle } = server as unknown as ServerWithHandle;
  return process.platform === 'linux' && _handle.setNoDelay?.(true) === 0;
}

/**
 * An accepted connection as a socket that reads into `buffer`, once `read(0)` is called on it.
 *
 * The last three options say what every socket does anyhow: it sets them on its copy of the options, and to add a
 * property to a copy is slow in the V8 of Node 20 (a socket takes 3 us instead of 15 when they are there already).
 */
export function socketOf(handle: object, buffer: Uint8Array, callback: ReadCallback): Socket {
  const options = {
    handle,
    allowHalfOpen: true,
    manualStart: true,
    onread: { buffer, callback },
    emitClose: false,
    autoDestroy: true,
    decodeStrings: false,
  };
  return new Socket(options as unknown as SocketConstructorOpts);
}

let probe: Promise<boolean> | undefined;

/** Whether {@link takeHandles} works on this platform: a few bytes go both ways over loopback, once per process. */
export function canTakeHandles(): Promise<boolean> {
  probe ??= probeHandles().catch(() => false);
  return probe;
}

async function probeHandles(): Promise<boolean> {
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
      server.listen({ host: '127.0.0.1', port: 0 }, () => {
        takeHandles(server, (handle) => {
          try {
            const socket = keep(
              socketOf(handle, buffer, (count, bytes) => {
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
