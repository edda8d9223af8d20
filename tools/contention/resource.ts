/** The protected resource: something that knows nothing of ZooKeeper and is told a token with every write. */
import { once } from 'node:events';
import { type Socket, createServer } from 'node:net';

/**
 * Takes a write when its token is not smaller than any it has seen: that is all a resource has to do to be safe. One
 * line per write, `TOKEN CONTENDER`, one line in answer, `ok` or `stale`.
 */
export class ProtectedResource {
  readonly accepted: { readonly token: bigint; readonly contender: number }[] = [];
  /** Writes of holders who had lost the lock and could not know, or were stopped between looking and writing. */
  refused = 0;
  private highest = -1n;
  private readonly sockets = new Set<Socket>();
  private readonly server = createServer((socket) => this.serve(socket));

  async listen(): Promise<number> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    const address = this.server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  close(): void {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
  }

  private serve(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('close', () => this.sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    let rest = '';
    socket.setEncoding('latin1').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) socket.write(`${this.write(line)}\n`);
    });
  }

  private write(line: string): string {
    const [token = '', contender = ''] = line.split(' ');
    const value = BigInt(token);
    if (value < this.highest) {
      this.refused++;
      return 'stale';
    }
    this.highest = value;
    this.accepted.push({ token: value, contender: Number(contender) });
    return 'ok';
  }
}

/** A contender's connection to it. */
export class ResourceClient {
  private readonly waiting: ((answer: string) => void)[] = [];
  private rest = '';

  constructor(private readonly socket: Socket) {
    socket.setEncoding('latin1').on('data', (text: string) => {
      const lines = (this.rest + text).split('\n');
      this.rest = lines.pop() ?? '';
      for (const line of lines) this.waiting.shift()?.(line);
    });
    socket.on('error', () => socket.destroy());
  }

  write(token: bigint, contender: number): Promise<string> {
    return new Promise((resolve) => {
      this.waiting.push(resolve);
      this.socket.write(`${token} ${contender}\n`);
    });
  }

  close(): void {
    this.socket.destroy();
  }
}
