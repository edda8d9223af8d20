import type { CallOptions, ClientRuntime } from '@zk/client-api';
import { CancelledError, ConnectionLossError } from '@zk/client-api';
import type { Transport } from '@zk/contracts';
import { createDigestMd5Client } from '@zk/sasl';
import { ClientCore } from './client-core.js';
import { parseConnectionString } from './connection-string.js';
import { type InternalOptions, completeOptions } from './complete-options.js';
import type { CommonOptions, Resolver } from './options.js';
import { systemRuntime } from './system-runtime.js';
import { ZooKeeperClient } from './zookeeper-client.js';

/** What an entry point adds to the options: everything that depends on the platform. */
export interface Platform extends InternalOptions {
  readonly createTransport: () => Transport;
  readonly resolve: Resolver;
}

/** Hands a name over to the transport as it is. */
export const noLookUp: Resolver = (host) => Promise.resolve([host]);

/** @throws TypeError or RangeError for a connection string or options that make no sense */
export function makeClient(servers: string, options: CommonOptions, platform: Platform): ZooKeeperClient {
  const { servers: addresses, chroot } = parseConnectionString(servers);
  const complete = completeOptions(options, addresses.length, platform);
  const { clock, scheduler, random } = options.runtime ?? {};
  const runtime: ClientRuntime = {
    clock: clock ?? systemRuntime.clock,
    scheduler: scheduler ?? systemRuntime.scheduler,
    random: random ?? systemRuntime.random,
  };
  const { sasl } = complete;
  const core = new ClientCore({
    servers: addresses,
    options: complete,
    runtime,
    transport: options.transport ?? platform.createTransport(),
    resolve: options.resolve ?? (options.transport === undefined ? platform.resolve : noLookUp),
    createSaslExchange:
      sasl === undefined ? undefined : () => createDigestMd5Client({ ...sasl, random: runtime.random }),
  });
  return new ZooKeeperClient(core, chroot, false);
}

/**
 * Waits for the first connection; without one the client is closed, and the error tells what was tried.
 * @throws ConnectionLossError, AuthFailedError, CancelledError; SessionExpiredError without renewal
 */
export async function whenConnected(client: ZooKeeperClient, options: CallOptions): Promise<ZooKeeperClient> {
  try {
    await client.connected(options);
    return client;
  } catch (error) {
    const attempts = client.failedAttempts;
    await client.close();
    if (attempts.length === 0 || !(error instanceof Error) || isPlain(error)) throw error;
    // Servers are tried again and again: what went wrong in the same way is told once, as it was the last time.
    const byText = new Map(
      attempts.map(({ server, error: why }) => [`${server.host}:${server.port}: ${why.message}`, why] as const),
    );
    const text = [...byText.keys()].join('; ');
    const loss = new ConnectionLossError(undefined, false, { cause: new AggregateError(byText.values(), text) });
    loss.message = `no connection to any server (${error.message}): ${text}`;
    throw loss;
  }
}

/** An error that says all there is to say, whatever was tried before. */
function isPlain(error: Error): boolean {
  return error instanceof CancelledError || error.name === 'AUTHFAILED' || error.name === 'SESSIONEXPIRED';
}
