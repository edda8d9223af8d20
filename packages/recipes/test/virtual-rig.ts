import type { ZkClient } from '@zk/client-api';
import { FaultyTransport, type TestServer, createTestServer } from '@zk/testing';
import { connectTo } from './memory-rig.js';

/** How long the sessions of the rig's clients last without a word from them. */
export const SESSION_MS = 6_000;

/** A server under virtual time and two clients of it, made anew for each test. */
export let server: TestServer;
export let a: ZkClient;
export let b: ZkClient;
/** What lies between one client and the server, and no other client. */
export let wayOfA: FaultyTransport;
export let wayOfB: FaultyTransport;

/** To be called once by a test file that uses what is above. */
export function useVirtualRig(): void {
  beforeEach(async () => {
    server = await createTestServer({ clock: 'virtual' });
    const { scheduler } = server.runtime;
    wayOfA = new FaultyTransport(server.transport, { scheduler });
    wayOfB = new FaultyTransport(server.transport, { scheduler });
    [a, b] = await pass(Promise.all([open(wayOfA), open(wayOfB)]));
  });

  afterEach(async () => {
    await server.acceptConnections();
    server.release();
    for (const way of [wayOfA, wayOfB]) way.release();
    await pass(Promise.all([a.close(), b.close()]));
    for (const way of [wayOfA, wayOfB]) way.close();
    await server.close();
  });
}

/** As much virtual time as it takes. */
export function pass<T>(promise: Promise<T>): Promise<T> {
  return server.time!.during(promise);
}

/** Lets time pass in small steps until it holds. */
export async function until(claim: () => boolean | Promise<boolean>, limitMs = 60_000): Promise<void> {
  for (let ms = 0; !(await claim()); ms += 50) {
    if (ms > limitMs) throw new Error('it never came true');
    await server.advance(50);
  }
}

function open(transport: FaultyTransport): Promise<ZkClient> {
  return connectTo(server, { sessionTimeout: SESSION_MS, transport });
}
