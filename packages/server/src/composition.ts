import 'reflect-metadata';
import { createAuthProviders } from '@zk/auth';
import { AUTH_PROVIDERS, CLOCK, LOGGER, RANDOM, SCHEDULER, STORAGE, TRANSPORT, silentLogger } from '@zk/contracts';
import { MemoryStorage } from '@zk/storage-memory';
import { TcpTransport } from '@zk/transport-tcp';
import { type DependencyContainer, container as rootContainer, instanceCachingFactory } from 'tsyringe';
import { AUDIT_LOG, type AuditLog } from './audit/audit-log.js';
import { LISTENERS } from './client-listeners.js';
import type { EnsembleParts } from './ensemble-replica.js';
import { type ServerOptions, completeOptions } from './options.js';
import { systemClock, systemRandom, systemScheduler } from './system-ports.js';
import { ZkServer } from './zk-server.js';

export const SERVER_OPTIONS = Symbol.for('@zk/ServerOptions');
/** Token of what makes a server a member of an ensemble, an {@link EnsembleParts}; undefined: it stands alone. */
export const ENSEMBLE = Symbol.for('@zk/Ensemble');
export const ZK_SERVER = Symbol.for('@zk/ZkServer');

/**
 * Registers everything a server needs in a container, leaving alone what is registered there already: to swap a part,
 * register it under its token first, or afterwards.
 */
export function registerServer(container: DependencyContainer, options: Partial<ServerOptions> = {}): void {
  const defaults: readonly (readonly [symbol, (c: DependencyContainer) => unknown])[] = [
    [CLOCK, () => systemClock],
    [SCHEDULER, () => systemScheduler],
    [RANDOM, () => systemRandom],
    [LOGGER, () => silentLogger],
    [AUTH_PROVIDERS, () => createAuthProviders({})],
    [TRANSPORT, () => new TcpTransport({})],
    [LISTENERS, () => []],
    [STORAGE, () => new MemoryStorage()],
    [ENSEMBLE, () => undefined],
    [AUDIT_LOG, () => undefined],
    [SERVER_OPTIONS, () => completeOptions(options)],
    [
      ZK_SERVER,
      (c) => {
        const ensemble = c.resolve<EnsembleParts | undefined>(ENSEMBLE);
        const audit = c.resolve<AuditLog | undefined>(AUDIT_LOG);
        return new ZkServer(
          {
            transport: c.resolve(TRANSPORT),
            listeners: c.resolve(LISTENERS),
            storage: c.resolve(STORAGE),
            providers: c.resolve(AUTH_PROVIDERS),
            clock: c.resolve(CLOCK),
            scheduler: c.resolve(SCHEDULER),
            random: c.resolve(RANDOM),
            logger: c.resolve(LOGGER),
            ...(ensemble === undefined ? {} : { ensemble }),
            ...(audit === undefined ? {} : { audit }),
          },
          c.resolve(SERVER_OPTIONS),
        );
      },
    ],
  ];
  for (const [token, factory] of defaults) {
    if (!container.isRegistered(token)) container.register(token, { useFactory: instanceCachingFactory(factory) });
  }
}

/** A part of a server that replaces the default: its token, and the value. */
export type Registration = readonly [token: symbol, value: unknown];

/**
 * A server in a container of its own. By default it listens on TCP and keeps everything in memory; register a
 * `STORAGE` for anything that must outlive the process.
 */
export function createServer(
  options: Partial<ServerOptions> = {},
  registrations: readonly Registration[] = [],
): ZkServer {
  const container = rootContainer.createChildContainer();
  for (const [token, value] of registrations) container.register(token, { useFactory: () => value });
  registerServer(container, options);
  return container.resolve(ZK_SERVER);
}
