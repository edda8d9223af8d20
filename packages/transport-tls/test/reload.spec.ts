import { Ear } from '@zk/compliance';
import type { Connection } from '@zk/contracts';
import { TlsTransport } from '@zk/transport-tls';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { client, dial, ears, elsewhere, listen, nextEar, server, trust, useTlsRig } from './rig.js';

useTlsRig();

describe('TlsTransport', () => {
  describe('reloading', () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'zk-tls-'));
    const file = path.join(folder, 'server.pem');
    afterAll(() => rmSync(folder, { recursive: true }));

    const untilServedBy = async (port: number, subject: string): Promise<Ear> => {
      for (;;) {
        const ear = await dial(port, { verifiesServerName: false });
        if (ear.connection.certificateSubject === subject) return ear;
        ear.connection.destroy();
        await ear.closed;
      }
    };

    it('serves a new certificate to new connections, and keeps the old ones', async () => {
      writeFileSync(file, server.pem);
      const options = { identity: { file }, reload: true, reloadIntervalMs: 5, clientCertificates: 'none' as const };
      const port = await listen(options);
      const accepted = nextEar();
      const old = await untilServedBy(port, 'CN=server');
      writeFileSync(file, 'half of a');
      await dial(port, {});
      writeFileSync(file, elsewhere.pem);
      const renewed = await untilServedBy(port, 'CN=elsewhere');
      (await accepted).say('still here');
      await old.hears('still here');
      expect([old, renewed].map(({ connection }) => connection.certificateSubject)).toEqual([
        'CN=server',
        'CN=elsewhere',
      ]);
    });

    it('dials with a new certificate', async () => {
      const own = path.join(folder, 'client.pem');
      writeFileSync(own, client.pem);
      const port = await listen({});
      const transport = new TlsTransport({ identity: { file: own }, trust, reload: true });
      const open = (connection: Connection): Ear => {
        ears.push(new Ear(connection));
        return ears.at(-1)!;
      };
      for (const subject of ['CN=client', 'CN=elsewhere']) {
        const accepted = nextEar();
        await transport.dial({ host: '127.0.0.1', port }, open);
        expect((await accepted).connection.certificateSubject).toBe(subject);
        writeFileSync(own, elsewhere.pem);
      }
    });
  });
});
