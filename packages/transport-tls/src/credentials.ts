import type { Logger } from '@zk/contracts';
import type { SecureContext, SecureContextOptions } from 'node:tls';
import { createSecureContext } from 'node:tls';
import { cipherList, versionRange } from './ciphers.js';
import { TlsError } from './explain.js';
import type { TlsTransportOptions } from './options.js';
import { filesOf, loadIdentity, loadTrust, stampOf } from './stores/stores.js';

export type CredentialsOptions = Pick<
  TlsTransportOptions,
  'identity' | 'trust' | 'protocols' | 'cipherSuites' | 'reload' | 'reloadIntervalMs'
>;

/** The same twice: a server takes the options only, a client a context, which is costly to make. */
export interface Prepared {
  readonly options: SecureContextOptions;
  readonly context: SecureContext;
}

const DEFAULT_RELOAD_INTERVAL_MS = 1_000;

/**
 * Keys and certificates in force. With `reload` their files are looked at again: while something listens once an
 * interval, and at each dial. What cannot be read, as when key and certificate are replaced one after the other, leaves
 * in force what was; open connections keep what they began with.
 */
export class Credentials {
  private current: Prepared | undefined;
  private loading: Promise<Prepared> | undefined;
  private stamps: readonly string[] = [];
  private readonly watchers = new Set<(prepared: Prepared) => void>();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly options: CredentialsOptions,
    private readonly logger: Logger,
  ) {}

  /** What is in force now, looked at again when that is asked for. @throws Error when it was never readable */
  async prepared(): Promise<Prepared> {
    if (this.current === undefined) this.loading ??= this.load();
    else if (this.options.reload === true) await this.refresh();
    return this.current ?? this.loading!;
  }

  /** Calls back when there is something new, until the returned function is called. */
  watch(onChange: (prepared: Prepared) => void): () => void {
    if (this.options.reload !== true) return () => undefined;
    this.watchers.add(onChange);
    this.timer ??= setInterval(
      () => void this.refresh(),
      this.options.reloadIntervalMs ?? DEFAULT_RELOAD_INTERVAL_MS,
    ).unref();
    return () => {
      this.watchers.delete(onChange);
      if (this.watchers.size > 0) return;
      clearInterval(this.timer);
      this.timer = undefined;
    };
  }

  /** Never rejects. */
  private async refresh(): Promise<void> {
    const stamps = await this.readStamps();
    if (stamps.join() === this.stamps.join()) return;
    try {
      const prepared = await this.load();
      this.logger.info({ files: this.files }, 'certificates were loaded anew');
      for (const watcher of this.watchers) watcher(prepared);
    } catch (error) {
      // Looked at again when a file changes once more; it may be half written.
      this.stamps = stamps;
      this.logger.error(
        { err: error as Error },
        'changed certificates cannot be used; those from before stay in force',
      );
    }
  }

  private async load(): Promise<Prepared> {
    try {
      return await this.loadFiles();
    } catch (error) {
      const cause = error as Error;
      throw new TlsError(cause.message, 'ERR_TLS_CREDENTIALS', cause);
    } finally {
      this.loading = undefined;
    }
  }

  private async loadFiles(): Promise<Prepared> {
    const stamps = await this.readStamps();
    const { identity, trust, protocols, cipherSuites } = this.options;
    const own = identity === undefined ? undefined : await loadIdentity(identity);
    const ca = trust === undefined ? undefined : await loadTrust(trust);
    const options: SecureContextOptions = {
      ...own,
      ...(ca === undefined ? {} : { ca: [...ca] }),
      ...(protocols === undefined ? {} : versionRange(protocols)),
      ...(cipherSuites === undefined ? {} : { ciphers: cipherList(cipherSuites), honorCipherOrder: true }),
    };
    const prepared = { options, context: createSecureContext(options) };
    this.current = prepared;
    this.stamps = stamps;
    return prepared;
  }

  private get files(): readonly string[] {
    return [...filesOf(this.options.identity), ...filesOf(this.options.trust)];
  }

  private readStamps(): Promise<readonly string[]> {
    return Promise.all(this.files.map(stampOf));
  }
}
