/**
 * One thing an implementation must do. Cases are plain functions over `node:assert`, so that any test runner can run
 * them; each is given a fresh subject and leaves nothing behind.
 */
export interface ComplianceCase<Subject> {
  /** What it belongs to, e.g. `durability`. */
  readonly group: string;
  /** A sentence whose subject is the implementation. */
  readonly name: string;
  run(subject: Subject): Promise<void>;
}
