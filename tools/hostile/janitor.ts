/** Removes what hostile requests managed to create, with the rights of the super user. */
import { createHash } from 'node:crypto';
import { ConnectionLost, RawClient } from '../lib/raw-client.js';
import { body, ByteReader, ByteWriter, Op } from '../lib/wire.js';

const CREDENTIALS = 'super:janitor';

/** Value of the configuration key that makes the janitor super. */
export const superDigest = `super:${createHash('sha1').update(CREDENTIALS).digest('base64')}`;

/** Body of the request that makes a session super. */
export function superAuth(): Buffer {
  return new ByteWriter().int32(0).string('digest').bytes(Buffer.from(CREDENTIALS)).take();
}

export class Janitor {
  private constructor(
    private readonly client: RawClient,
    private readonly keep: ReadonlySet<string>,
  ) {}

  static async open(port: number, keep: readonly string[]): Promise<Janitor> {
    const client = await RawClient.open({ port, timeoutMs: 40_000 });
    client.keepAlive(5_000);
    const reply = await client.request(Op.auth, superAuth(), -4);
    if (reply.error !== 0) throw new ConnectionLost(`the janitor is not admitted: error ${reply.error}`);
    return new Janitor(client, new Set(['/zookeeper', ...keep]));
  }

  /** Returns how many znodes were removed. */
  async clean(): Promise<number> {
    let removed = 0;
    for (const name of await this.children('/')) {
      if (!this.keep.has(`/${name}`)) removed += await this.remove(`/${name}`);
    }
    return removed;
  }

  async close(): Promise<void> {
    await this.client.close();
  }

  private async remove(path: string): Promise<number> {
    let removed = 0;
    for (const name of await this.children(path)) removed += await this.remove(`${path}/${name}`);
    const reply = await this.client.request(Op.delete, body.delete(path));
    return reply.error === 0 ? removed + 1 : removed;
  }

  private async children(path: string): Promise<string[]> {
    const reply = await this.client.request(Op.getChildren, body.pathAndFlag(path, false));
    return reply.error === 0 ? new ByteReader(reply.payload).strings() : [];
  }
}
