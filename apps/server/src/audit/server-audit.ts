import type { Logger } from '@zk/contracts';
import type { AuditEntry, AuditLog, AuditResult } from '@zk/server';
import { userName } from '../cli/user-name.js';
import type { AuditConfig } from '../config/audit.js';
import { type AuditSink, auditToFile, auditToLog } from './audit-sinks.js';

/** The audit log of one server, from before its start to after its end. */
export class ServerAudit implements AuditLog {
  readonly processUser = userName();
  private sink: AuditSink | undefined;

  constructor(
    private readonly config: AuditConfig,
    private readonly logger: Logger,
  ) {}

  /** @throws DataDirectoryError when its file cannot be written */
  open(): void {
    const { file } = this.config;
    this.sink ??= file === undefined ? auditToLog(this.logger) : auditToFile(file);
  }

  record(entry: AuditEntry): void {
    this.sink?.write(entry);
  }

  /** What the server does as a whole: `serverStart` or `serverStop`. */
  recordOfServer(operation: 'serverStart' | 'serverStop', result: AuditResult): void {
    this.record({ user: this.processUser, operation, result });
  }

  close(): void {
    this.sink?.close();
    this.sink = undefined;
  }
}
