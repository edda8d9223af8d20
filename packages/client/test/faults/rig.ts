import type { CommonOptions, ConnectionState, RequestFailure } from '@zk/client';
import { createTestServer, type TestServer } from '@zk/testing';
import { makeClient, noLookUp } from '../../src/create-client.js';
import type { InternalOptions } from '../../src/complete-options.js';
import type { ZooKeeperClient } from '../../src/zookeeper-client.js';

/**
 * What hurts users of other clients, made to happen in these files: each test fails when the guard that it names is taken
 * out. Time is virtual, so that waiting costs nothing and happens to the millisecond.
 */

/** Of the sessions. */
export const TIMEOUT_MS = 9_000;

export const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Made anew for each test. */
export let server: TestServer;
const open: ZooKeeperClient[] = [];

/** To be called once by a test file. */
export function useFaultRig(): void {
  beforeEach(async () => {
    server = await createTestServer({ clock: 'virtual' });
  });

  afterEach(async () => {
    const closing = Promise.all(open.splice(0).map((client) => client.close()));
    await server.time!.during(closing);
    await server.close();
  });
}

/** A client that begins to look for a server. */
export function start(
  options: CommonOptions & { readonly servers?: string } = {},
  internal: InternalOptions = {},
): ZooKeeperClient {
  const { servers = server.connectionString, ...rest } = options;
  const { transport, runtime } = server;
  const all = { transport, runtime, sessionTimeout: TIMEOUT_MS, requestTimeout: '1h' as const, ...rest };
  const client = makeClient(servers, all, { createTransport: () => transport, resolve: noLookUp, ...internal });
  open.push(client);
  return client;
}

/** A client that has a session. */
export async function connected(...args: Parameters<typeof start>): Promise<ZooKeeperClient> {
  const client = start(...args);
  await server.time!.during(client.connected());
  return client;
}

/** The states of a client from now on. */
export function statesOf(client: ZooKeeperClient): ConnectionState[] {
  const states: ConnectionState[] = [];
  client.state$.subscribe((state) => states.push(state));
  return states;
}

/** What a call fails with. */
export async function failureOf(promise: Promise<unknown>): Promise<RequestFailure> {
  const error: unknown = await server.time!.during(
    promise.then(
      () => new Error('it should have failed'),
      (thrown: unknown) => thrown,
    ),
  );
  return error as RequestFailure;
}

/** Breaks the connection of a client, and waits for the next one. */
export async function reconnect(client: ZooKeeperClient): Promise<void> {
  server.cut(client);
  await settle();
  await server.time!.during(client.connected());
}

/** Everything that happens without time passing has happened. */
export function settle(): Promise<void> {
  return server.time!.settle();
}
