/** What the mixed checks share. */
import assert from 'node:assert/strict';
import { setTimeout as delay } from 'node:timers/promises';
import { type ZkClient, connect } from '@zk/client';
import type { PeerReport } from '../harness.ts';
import type { Partner } from './partner.ts';

export interface Company {
  readonly report: PeerReport;
  readonly client: ZkClient;
  readonly curator: Partner;
  readonly kazoo: Partner;
  /** Another client of our own. */
  readonly open: () => Promise<ZkClient>;
}

let count = 0;

/** One check: passes unless the body throws. It gets a path of its own, below one that stays. */
export async function check(company: Company, sentence: string, body: (path: string) => Promise<void>): Promise<void> {
  const path = `/mixed-${process.pid}-${++count}/it`;
  try {
    // kazoo remembers that it has made a parent, and does not make it again when a container has gone.
    await company.client.create(path.slice(0, -3));
    await body(path);
    company.report.pass(sentence);
  } catch (error) {
    company.report.fail(`${sentence}: ${error instanceof Error ? error.message.replaceAll('\n', ' ') : String(error)}`);
  }
}

export async function eventually(
  what: string,
  claim: () => Promise<boolean> | boolean,
  limitMs = 20_000,
): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await claim())) {
    assert.ok(performance.now() < deadline, `${what} did not happen within ${limitMs} ms`);
    await delay(20);
  }
}

/** Whether a promise is still pending after a while. */
export async function isPending(promise: Promise<unknown>, ms = 300): Promise<boolean> {
  const settled = promise.then(
    () => false,
    () => false,
  );
  return Promise.race([settled, delay(ms, true)]);
}

export function openClients(address: string): { open: () => Promise<ZkClient>; close: () => Promise<void> } {
  const clients: ZkClient[] = [];
  return {
    open: async () => {
      const client = await connect(address, { sessionTimeout: '20s' });
      clients.push(client);
      return client;
    },
    close: async () => {
      await Promise.all(clients.map((client) => client.close()));
    },
  };
}
