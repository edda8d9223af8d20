import { resolve } from 'node:path';
import type { SettingReader } from './setting-reader.js';

/** Where the audit log goes. */
export interface AuditConfig {
  /** undefined: to the server's own log. */
  readonly file: string | undefined;
}

/** undefined: nobody asked for one. */
export function auditConfig(reader: SettingReader, workingDirectory: string): AuditConfig | undefined {
  if (!reader.boolean('audit.enable')) return undefined;
  const file = reader.text('audit.file');
  return { file: file === undefined ? undefined : resolve(workingDirectory, file) };
}
