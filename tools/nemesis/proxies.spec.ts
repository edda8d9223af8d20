import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { Proxies } from './proxies.js';

/** Resolves with the next bytes as text. */
async function heard(socket: Socket): Promise<string> {
  const [bytes] = (await once(socket, 'data')) as [Buffer];
  return bytes.toString();
}

describe('a link through a proxy', () => {
  let proxies: Proxies;
  let member2: Server;
  let port: number;
  const sockets: Socket[] = [];

  /** A connection of member 1 to member 2, and its other end. */
  async function link(): Promise<{ near: Socket; far: Promise<Socket> }> {
    const near = connect(port, '127.0.0.1');
    sockets.push(near);
    const far = once(member2, 'connection').then(([socket]) => socket as Socket);
    void far.then((socket) => sockets.push(socket));
    await once(near, 'connect');
    return { near, far };
  }

  beforeEach(async () => {
    proxies = await Proxies.listen(2);
    member2 = createServer().listen(0, '127.0.0.1');
    await once(member2, 'listening');
    const own = (member2.address() as AddressInfo).port;
    port = proxies.peerSeenBy(1, 2, { host: '127.0.0.1', quorumPort: own, electionPort: own }).quorumPort;
  });

  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
    proxies.dispose();
    member2.close();
  });

  it('carries bytes both ways', async () => {
    const { near, far } = await link();
    near.write('ping');
    expect(await heard(await far)).toBe('ping');
    (await far).write('pong');
    expect(await heard(near)).toBe('pong');
  });

  it.each([
    ['there', 1, 2],
    ['back', 2, 1],
  ])('carries nothing %s while it is cut, and what was held back once it is healed', async (_, from, to) => {
    const { near, far } = await link();
    const ends = { 1: near, 2: await far };
    near.write('first');
    await heard(ends[2]);
    proxies.cut(from, to);
    const [sender, receiver] = from === 1 ? [ends[1], ends[2]] : [ends[2], ends[1]];
    sender.write('held back');
    receiver.write('other way');
    expect(await heard(sender)).toBe('other way');
    const late = heard(receiver);
    expect(receiver.bytesRead).toBe(from === 1 ? 'first'.length : 0);
    proxies.heal(from, to);
    expect(await late).toBe('held back');
  });

  it('lets a new connection wait until it is healed', async () => {
    proxies.cut(2, 1);
    const near = connect(port, '127.0.0.1');
    await once(near, 'connect');
    const direct = connect((member2.address() as AddressInfo).port, '127.0.0.1');
    sockets.push(near, direct);
    const [first] = (await once(member2, 'connection')) as [Socket];
    expect(first.remotePort).toBe(direct.localPort);
    proxies.healAll();
    const [second] = (await once(member2, 'connection')) as [Socket];
    near.write('hello');
    expect(await heard(second)).toBe('hello');
    sockets.push(first, second);
  });
});
