import { describeTransport } from '@zk/compliance';
import type { Connection, Transport } from '@zk/contracts';
import { WebSocketTransport } from '@zk/transport-websocket';
import type { Socket } from 'node:net';
import WebSocket from 'ws';
import { WebSocketTransport as BrowserTransport } from '../src/browser.js';
import type { StandardWebSocket } from '../src/browser-websocket-transport.js';

/**
 * The suite wants to know which port a connection was dialled from, which a browser does not tell. Here the WebSocket is
 * that of `ws`, used as a browser's, and the port is read from its socket.
 */
class Dialler implements Transport {
  private readonly node = new WebSocketTransport();
  readonly listen = this.node.listen.bind(this.node);

  dial: Transport['dial'] = (options, open) => {
    const sockets: WebSocket[] = [];
    const transport = new BrowserTransport({
      WebSocket: class extends WebSocket {
        constructor(url: string) {
          super(url);
          sockets.push(this);
        }
      } as unknown as new (url: string) => StandardWebSocket,
    });
    return transport.dial(options, (connection) => {
      const { localAddress, localPort } = (sockets[0] as unknown as { readonly _socket: Socket })._socket;
      const named: Connection = Object.assign(connection, { localAddress, localPort });
      return open(named);
    });
  };
}

describeTransport('The dialling end of a browser', {
  create: () => ({ transport: new Dialler(), host: '127.0.0.1', close: () => undefined }),
});

describe('the dialling end of a browser', () => {
  it('cannot listen', async () => {
    await expect(new BrowserTransport().listen()).rejects.toThrow('nothing can listen');
  });

  it.each([
    ['http:', undefined, 'ws://zk.example:8080/zk'],
    ['https:', undefined, 'wss://zk.example:8080/zk'],
    ['https:', false, 'ws://zk.example:8080/zk'],
  ])('in a page that came over %s, with secure %s, dials %s', async (protocol, secure, expected) => {
    const location = Object.getOwnPropertyDescriptor(globalThis, 'location');
    Object.defineProperty(globalThis, 'location', { configurable: true, value: { protocol } });
    const urls: string[] = [];
    class Refused {
      readonly binaryType = '';
      readonly bufferedAmount = 0;
      readonly readyState = 3;
      onopen = null;
      onmessage = null;
      onerror = null;
      onclose: ((event: { code: number }) => void) | null = null;

      constructor(url: string) {
        urls.push(url);
        setImmediate(() => this.onclose?.({ code: 1006 }));
      }
    }
    const transport = new BrowserTransport({
      path: '/zk',
      WebSocket: Refused as unknown as new (url: string) => StandardWebSocket,
      ...(secure === undefined ? {} : { secure }),
    });
    const dialling = transport.dial({ host: 'zk.example', port: 8080 }, () => {
      throw new Error('open was called');
    });
    await expect(dialling).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    expect(urls).toEqual([expected]);
    if (location === undefined) delete (globalThis as { location?: unknown }).location;
    else Object.defineProperty(globalThis, 'location', location);
  });
});
