import { TRANSPORT } from '@zk/contracts';
import { createServer } from '@zk/server';
import { WebSocketTransport } from '@zk/transport-websocket';
import { build } from 'esbuild';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { connect } from '../src/browser.js';

const packages = path.resolve(__dirname, '..', '..');

/** The sources of the packages, as a browser would get them. */
function sources(): Record<string, string> {
  return Object.fromEntries(
    readdirSync(packages).map((name) => {
      const entry = name === 'transport-websocket' ? 'browser.ts' : 'index.ts';
      return [`@zk/${name}`, path.join(packages, name, 'src', entry)];
    }),
  );
}

describe('in a browser', () => {
  it('the client is one bundle, and asks for nothing of Node', async () => {
    const { outputFiles, metafile } = await build({
      entryPoints: [path.join(packages, 'client', 'src', 'browser.ts')],
      bundle: true,
      minify: true,
      format: 'esm',
      platform: 'browser',
      conditions: ['browser'],
      alias: sources(),
      write: false,
      metafile: true,
      logLevel: 'silent',
    });
    const inputs = Object.keys(metafile.inputs);
    expect(inputs.filter((input) => /transport-(tcp|tls)|node_modules\/ws|diagnostics/.test(input))).toEqual([]);
    expect(outputFiles[0]!.text).not.toMatch(/from\s*["']node:|require\(["']node:/);
    expect(outputFiles[0]!.contents.length).toBeLessThan(200_000);
  });

  it('the client talks over WebSocket', async () => {
    const server = createServer({ clientHost: '127.0.0.1', clientPort: 0 }, [[TRANSPORT, new WebSocketTransport()]]);
    await server.start();
    const client = await connect(`127.0.0.1:${server.clientAddress.port}`);
    await client.create('/a', new Uint8Array(1000).fill(1));
    expect((await client.get('/a')).data).toHaveLength(1000);
    await client.close();
    await server.stop();
  });
});
