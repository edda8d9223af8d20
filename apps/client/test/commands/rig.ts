import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ZkClient } from '@zk/client-api';
import { type TestServer, createTestServer } from '@zk/testing';
import { main } from '../../src/cli/main.js';
import { FakeIo, type FakeIoOptions } from '../fake-io.js';

/** A server with a client and a folder for files, for the tests of one file; what they create is deleted after each. */
export let server: TestServer;
export let client: ZkClient;
export let directory: string;

/** To be called once by a test file. */
export function useShellRig(): void {
  beforeAll(async () => {
    server = await createTestServer();
    client = await server.connect();
    directory = mkdtempSync(join(tmpdir(), 'zk-cli-'));
  });

  afterAll(async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  });

  afterEach(async () => {
    for (const name of (await client.getChildren('/')).children) {
      if (name !== 'zookeeper') await client.delete(`/${name}`, { recursive: true });
    }
  });
}

/** A shell that is about to run. */
export function prepare(argv: readonly string[], options: Partial<FakeIoOptions> = {}): FakeIo {
  return new FakeIo({ argv: ['-server', server.connectionString, ...argv], transport: server.transport, ...options });
}

/** A shell that has run. */
export async function run(
  argv: readonly string[],
  options: Partial<FakeIoOptions> = {},
): Promise<{ io: FakeIo; code: number }> {
  const io = prepare(argv, options);
  const code = await main(io);
  expect(io.isListening).toBe(false);
  return { io, code };
}

/** Creates znodes, from texts such as `/a` and `/a=data`. */
export async function make(...paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const [name = '', data] = path.split('=');
    await client.create(name, data === undefined ? null : new TextEncoder().encode(data), { parents: 'persistent' });
  }
}
