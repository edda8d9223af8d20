import type { Connection, ConnectionHandler } from '@zk/contracts';
import type { Peer, Rig } from './transport-rig.js';
import { patternBytes } from './transport-rig.js';

export interface AddressOptions {
  /** An IPv6 address to listen on and dial; absent where there is none. */
  readonly ipv6Host?: string;
  /** A host that accepts both families, and the IPv4 address that reaches it. */
  readonly dualStack?: { readonly listenHost: string; readonly dialHost: string };
}

export function describeListening(rig: () => Rig): void {
  const refuse = (): undefined => undefined;

  it('picks free ports, different ones, for port 0', async () => {
    const [one, other] = [await rig().listen(refuse), await rig().listen(refuse)];
    expect(one.port).toBeGreaterThan(0);
    expect(other.port).toBeGreaterThan(0);
    expect(other.port).not.toBe(one.port);
    expect(one.host).toBe(rig().host);
  });

  it('refuses an address that is in use, with the code EADDRINUSE', async () => {
    const { port } = await rig().listen(refuse);
    await expect(rig().listen(refuse, { port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('asks for a handler once per connection, in the order they arrive', async () => {
    const ports: number[] = [];
    const { port } = await rig().listen((connection) => {
      ports.push(connection.remotePort);
      return rig().track(connection);
    });
    const dialled = [];
    for (let i = 0; i < 5; i++) dialled.push(await rig().dial(port));
    await rig().settle();
    expect(ports).toEqual(dialled.map(({ connection }) => connection.localPort));
  });

  it('closes a refused connection without a byte', async () => {
    let asked = 0;
    const { port } = await rig().listen(() => {
      asked++;
      return undefined;
    });
    const dialled = await rig().dial(port, (peer) => void peer.write(patternBytes(10)));
    await dialled.hasClosed();
    expect(asked).toBe(1);
    expect(dialled.receivedBytes).toBe(0);
  });

  it('keeps open connections when the listener closes, and frees the address', async () => {
    const accepted: Connection[] = [];
    const listener = await rig().listen((connection) => {
      accepted.push(connection);
      const peer = rig().track(connection);
      peer.reactToData = (echo) => void echo.write(echo.pieces.at(-1) ?? new Uint8Array(0));
      return peer;
    });
    const dialled = await rig().dial(listener.port);
    dialled.write(Uint8Array.of(1));
    await dialled.hasReceived(1);
    await Promise.all([listener.close(), listener.close()]);
    await listener.close();
    dialled.write(Uint8Array.of(2));
    await dialled.hasReceived(2);
    expect(dialled.closeCount).toBe(0);
    await expect(rig().dial(listener.port)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    const again = await rig().listen(refuse, { port: listener.port });
    expect(again.port).toBe(listener.port);
    expect(accepted).toHaveLength(1);
  });
}

export function describeDialling(rig: () => Rig): void {
  const neverOpened = (): ConnectionHandler => {
    throw new Error('open was called');
  };

  it('fails with the code ECONNREFUSED where nobody listens', async () => {
    const listener = await rig().listen(() => undefined);
    await listener.close();
    const dialling = rig().transport.dial({ host: rig().host, port: listener.port }, neverOpened);
    await expect(dialling).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it.each([
    ['before', true],
    ['after', false],
  ])("fails with the signal's reason when it aborts %s dial is called", async (_, isEarly) => {
    let asked = 0;
    const { port } = await rig().listen((connection) => {
      asked++;
      return rig().track(connection);
    });
    const controller = new AbortController();
    const reason = new Error('changed my mind');
    if (isEarly) controller.abort(reason);
    const dialling = rig().transport.dial({ host: rig().host, port, signal: controller.signal }, neverOpened);
    controller.abort(reason);
    await expect(dialling).rejects.toBe(reason);
    await rig().settle();
    // The other end may have seen an attempt that was under way, never one made after the abort.
    expect(asked).toBeLessThanOrEqual(isEarly ? 0 : 1);
  });

  it('takes no notice of the signal once connected', async () => {
    const { port } = await rig().listen((connection) => {
      const echo = rig().track(connection);
      echo.reactToData = (peer) => void peer.write(Uint8Array.of(2));
      return echo;
    });
    const controller = new AbortController();
    let dialled: Peer | undefined;
    await rig().transport.dial({ host: rig().host, port, signal: controller.signal }, (connection) => {
      dialled = rig().track(connection);
      return dialled;
    });
    controller.abort(new Error('too late'));
    await rig().settle();
    dialled?.write(Uint8Array.of(1));
    await dialled?.hasReceived(1);
    expect(dialled?.closeCount).toBe(0);
  });

  it('resolves with the connection that open was given', async () => {
    const { port } = await rig().listen((connection) => rig().track(connection));
    let given: Connection | undefined;
    const connection = await rig().transport.dial({ host: rig().host, port }, (opened) => {
      given = opened;
      return rig().track(opened);
    });
    expect(connection).toBe(given);
  });
}

export function describeAddresses(rig: () => Rig, { ipv6Host, dualStack }: AddressOptions): void {
  it('shows each end the address of the other', async () => {
    const { dialled, accepted } = await rig().connect();
    const [from, to] = [dialled.connection, accepted.connection];
    expect([from.remoteAddress, to.localAddress]).toEqual([rig().host, rig().host]);
    expect(from.remotePort).toBe(to.localPort);
    expect(from.localPort).toBe(to.remotePort);
    expect(from.localAddress).toBe(to.remoteAddress);
  });

  if (ipv6Host !== undefined) {
    it('shows an IPv6 address without brackets or scope', async () => {
      const accepted: Connection[] = [];
      const accept = (connection: Connection): ConnectionHandler => {
        accepted.push(connection);
        return rig().track(connection);
      };
      const { port, host } = await rig().listen(accept, { host: ipv6Host });
      const dialled = await rig().dial(port, undefined, ipv6Host);
      dialled.end();
      await dialled.hasClosed();
      expect(host).toBe(ipv6Host);
      expect([dialled.connection.remoteAddress, accepted[0]?.localAddress]).toEqual([ipv6Host, ipv6Host]);
    });
  }

  if (dualStack !== undefined) {
    it('shows an IPv4 address that arrives over IPv6 as IPv4', async () => {
      const accepted: Connection[] = [];
      const accept = (connection: Connection): ConnectionHandler => {
        accepted.push(connection);
        return rig().track(connection);
      };
      const { port } = await rig().listen(accept, { host: dualStack.listenHost });
      const dialled = await rig().dial(port, undefined, dualStack.dialHost);
      dialled.end();
      await dialled.hasClosed();
      expect([accepted[0]?.remoteAddress, accepted[0]?.localAddress]).toEqual([dualStack.dialHost, dualStack.dialHost]);
    });
  }
}
