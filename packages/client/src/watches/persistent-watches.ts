import type { ClientLogger } from '../options.js';
import { AddWatchMode, ErrorCode, WatcherType } from '@zk/model';
import { Request } from '../machine/request.js';
import { hasCode } from '../refusals.js';
import { addWatchKind, removeWatchesKind } from '../wire/kinds.js';
import { EmulatedWatch } from './emulated-watch.js';
import type { ServerEvent } from './events.js';
import type { OneShotWatches, WatchTable } from './one-shot-watches.js';
import { PersistentWatch, type WatchSubscriber } from './persistent-watch.js';
import type { WatchPort } from './watch-port.js';

/** The persistent watches of a client, by mode and path. */
export class PersistentWatches {
  private readonly exact = new Map<string, PersistentWatch>();
  private readonly recursive = new Map<string, PersistentWatch>();
  /** Until a server says that it does not know them, as those before 3.6 do. */
  private isSupported = true;

  constructor(
    private readonly port: WatchPort,
    /** They may need the server's watches on the same paths, and stand in for persistent ones. */
    private readonly oneShot: OneShotWatches,
    private readonly logger: ClientLogger,
  ) {}

  /** Those that servers keep. */
  get onServers(): PersistentWatch[] {
    return this.isSupported ? this.all : [];
  }

  get all(): PersistentWatch[] {
    return [...this.exact.values(), ...this.recursive.values()];
  }

  get count(): number {
    return this.exact.size + this.recursive.size;
  }

  /** Whether the server tells of this path all that a one-shot watch in this table would. */
  covers(table: WatchTable, path: string): boolean {
    if (this.exact.get(path)?.isOnServer) return true;
    return table === 'data' && (this.recursive.get(path)?.isOnServer ?? false);
  }

  private has(path: string): boolean {
    return this.exact.has(path) || this.recursive.has(path);
  }

  subscribe(path: string, isRecursive: boolean, subscriber: WatchSubscriber): PersistentWatch {
    const watches = this.modeOf(isRecursive);
    let watch = watches.get(path);
    if (watch === undefined) watches.set(path, (watch = new PersistentWatch(path, isRecursive)));
    watch.subscribers.add(subscriber);
    if (!this.isSupported) this.emulate(watch);
    else if (!watch.isOnServer && this.port.isConnected) this.add(watch);
    return watch;
  }

  /** @returns when the server has forgotten it, if nobody else needs it */
  async unsubscribe(watch: PersistentWatch, subscriber: WatchSubscriber): Promise<void> {
    if (!watch.subscribers.delete(subscriber) || watch.subscribers.size > 0) return;
    const watches = this.modeOf(watch.isRecursive);
    if (watches.get(watch.path) !== watch) return;
    watches.delete(watch.path);
    watch.emulation?.stop();
    if (!watch.isOnServer || !this.port.isConnected) return;
    watch.isOnServer = false;
    if (this.oneShot.has(watch.path)) this.oneShot.setOnServer(watch.path);
    await this.forgetOnServer(watch);
  }

  fire(event: ServerEvent): void {
    // The events of stand-ins are theirs: they look, and tell what they find.
    if (!this.isSupported) return;
    this.exact.get(event.path)?.deliver(event);
    if (event.type === 'childrenChanged' || this.recursive.size === 0) return;
    for (let path = event.path; ; path = path.slice(0, path.lastIndexOf('/')) || '/') {
      this.recursive.get(path)?.deliver(event);
      if (path === '/') return;
    }
  }

  /** The connection is gone, and with it all that was on the server. */
  connectionLost(): void {
    for (const watch of this.all) watch.isOnServer = false;
  }

  /** A server has refused them as unknown: from now on one-shot watches stand in. */
  isUnknownToServer(): void {
    if (!this.isSupported) return;
    this.logger.info({}, 'the server has no persistent watches (it is older than 3.6): one-shot watches stand in');
    this.isSupported = false;
    for (const watch of this.all) this.emulate(watch);
  }

  completeAll(error: unknown): void {
    this.take().forEach((watch) => watch.complete(error));
  }

  private take(): PersistentWatch[] {
    const watches = this.all;
    this.exact.clear();
    this.recursive.clear();
    return watches;
  }

  private add(watch: PersistentWatch): void {
    watch.isOnServer = true;
    const request = new Request(addWatchKind, '', watch.path);
    request.number = watch.isRecursive ? AddWatchMode.persistentRecursive : AddWatchMode.persistent;
    request.promise.then(
      () => watch.wasSet(),
      (error: unknown) => this.refused(watch, error),
    );
    this.port.submit(request);
  }

  private refused(watch: PersistentWatch, error: unknown): void {
    // Without a connection, or in another session, it is set by the next one.
    if (hasCode(error, ErrorCode.CONNECTIONLOSS) || hasCode(error, ErrorCode.SESSIONEXPIRED)) return;
    if (isUnsupported(error)) {
      this.isUnknownToServer();
      return;
    }
    const watches = this.modeOf(watch.isRecursive);
    if (watches.get(watch.path) === watch) watches.delete(watch.path);
    watch.fail(error);
  }

  private emulate(watch: PersistentWatch): void {
    watch.isOnServer = false;
    if (watch.emulation !== undefined) return;
    const emulation = new EmulatedWatch(watch, this.oneShot, this.port);
    watch.emulation = emulation;
    emulation.start();
  }

  private async forgetOnServer(watch: PersistentWatch): Promise<void> {
    const { path, isRecursive } = watch;
    const request = new Request(removeWatchesKind, '', path);
    // By kind only servers from 3.9 on know it; where nothing else is watched, all of it is the same.
    const isShared = this.has(path) || this.oneShot.has(path);
    const kind = isRecursive ? WatcherType.persistentRecursive : WatcherType.persistent;
    request.number = isShared ? kind : WatcherType.any;
    this.port.submit(request);
    await request.promise.catch((error: unknown) => {
      this.logger.debug({ path, err: error }, 'a watch could not be removed');
    });
  }

  private modeOf(isRecursive: boolean): Map<string, PersistentWatch> {
    return isRecursive ? this.recursive : this.exact;
  }
}

/** Whether a refusal says that the server has no persistent watches: it is too old, or its watch manager cannot. */
export function isUnsupported(error: unknown): boolean {
  return hasCode(error, ErrorCode.UNIMPLEMENTED) || hasCode(error, ErrorCode.MARSHALLINGERROR);
}
