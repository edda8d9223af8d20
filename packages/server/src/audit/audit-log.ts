/** What happened to the change that an entry tells of; `invoked`: it was asked for, and what became of it is not known. */
export type AuditResult = 'success' | 'failure' | 'invoked';

/** One line of the audit log, by Apache ZooKeeper's names, in the order of its fields. */
export interface AuditEntry {
  /** `0x` and hexadecimal; absent for what no session did. */
  readonly session?: string;
  /** Names of all ids that were proved, with commas between them; of the process, for what the server did by itself. */
  readonly user: string;
  /** Where the client connected from. */
  readonly ip?: string;
  readonly operation: string;
  readonly znode?: string;
  readonly znode_type?: string;
  readonly acl?: string;
  readonly result: AuditResult;
}

/** Token of an {@link AuditLog}; undefined: nobody keeps one. */
export const AUDIT_LOG = Symbol.for('@zk/AuditLog');

/** Whoever keeps the audit log. */
export interface AuditLog {
  /** Who runs the server: the user of what it does by itself. */
  readonly processUser: string;
  /** Must neither throw nor wait. */
  record(entry: AuditEntry): void;
}

const FIELDS = ['session', 'user', 'ip', 'operation', 'znode', 'znode_type', 'acl', 'result'] as const;

/** An entry as Apache ZooKeeper writes it, `name=value` with tabs between; control characters cannot end a field or a line. */
export function auditLine(entry: AuditEntry): string {
  return FIELDS.filter((name) => entry[name] !== undefined)
    .map((name) => `${name}=${escaped(entry[name]!)}`)
    .join('\t');
}

function escaped(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\\]/gu, (character) =>
    character === '\\' ? '\\\\' : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
