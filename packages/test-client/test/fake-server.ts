import type { Connection, Transport } from '@zk/contracts';
import { readInt32, writeInt32 } from '@zk/jute';

/** What a fake server may do with a connection. */
export interface FakePeer {
  readonly connection: Connection;
  /** Sends one frame. */
  send(payload: Uint8Array): void;
}

/** Calls back with each frame that arrives, whole; answers are up to the callback. */
export async function listenForFrames(
  transport: Transport,
  onFrame: (peer: FakePeer, payload: Uint8Array, frameIndex: number) => void,
): Promise<void> {
  await transport.listen({ port: 0 }, (connection) => {
    let received = new Uint8Array();
    let frameIndex = 0;
    const peer: FakePeer = {
      connection,
      send: (payload) => {
        const frame = new Uint8Array(4 + payload.length);
        writeInt32(frame, 0, payload.length);
        frame.set(payload, 4);
        connection.write(frame, 0, frame.length);
      },
    };
    return {
      onData: (bytes, start, end) => {
        received = Uint8Array.from([...received, ...bytes.subarray(start, end)]);
        while (received.length >= 4 && received.length - 4 >= readInt32(received, 0)) {
          const length = readInt32(received, 0);
          onFrame(peer, received.slice(4, 4 + length), frameIndex++);
          received = received.slice(4 + length);
        }
      },
      onDrain: () => undefined,
      onClose: () => undefined,
    };
  });
}
