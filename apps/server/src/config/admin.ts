import type { SettingReader } from './setting-reader.js';
import { adminTls } from './tls.js';
import type { AdminTlsSettings } from './tls-config.js';

/** The HTTP admin server. */
export interface AdminConfig {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  readonly idleTimeoutMs: number;
  /** Without a slash at the end. */
  readonly commandUrl: string;
  /** Whether `X-Forwarded-For` says where a client is. */
  readonly trustsForwardedFor: boolean;
  readonly isSnapshotEnabled: boolean;
  readonly isRestoreEnabled: boolean;
  readonly rateLimiterIntervalMs: number;
  /** undefined: plain HTTP. */
  readonly tls: AdminTlsSettings | undefined;
}

/** undefined: nobody asked for it. */
export function adminConfig(reader: SettingReader, workingDirectory: string): AdminConfig | undefined {
  if (!reader.boolean('admin.enableServer')) return undefined;
  return {
    host: reader.text('admin.serverAddress') ?? '0.0.0.0',
    port: reader.port('admin.serverPort'),
    idleTimeoutMs: reader.whole('admin.idleTimeout'),
    commandUrl: commandUrl(reader),
    trustsForwardedFor: reader.boolean('IPAuthenticationProvider.usexforwardedfor'),
    isSnapshotEnabled: reader.boolean('admin.snapshot.enabled'),
    isRestoreEnabled: reader.boolean('admin.restore.enabled'),
    rateLimiterIntervalMs: reader.whole('admin.rateLimiterIntervalInMS'),
    tls: adminTls(reader, workingDirectory),
  };
}

function commandUrl(reader: SettingReader): string {
  const name = 'admin.commandURL';
  const url = (reader.text(name) ?? '').replace(/\/+$/, '');
  if (!/^(\/[\w.~-]+)+$/.test(url)) {
    reader.problems.push(`${reader.where(name)}: ${name} is "${url}"; it must be a path such as /commands`);
  }
  return url;
}
