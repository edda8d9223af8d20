import { errorName } from './codes.js';

/** The server refused an operation. `name` is the stable name of `code`, e.g. `NONODE`. */
export class KeeperError extends Error {
  readonly code: number;
  readonly path: string | undefined;

  constructor(code: number, path?: string) {
    super(`${errorName(code)} (${code})${path === undefined ? '' : ` for ${path}`}`);
    this.name = errorName(code);
    this.code = code;
    this.path = path;
  }
}

/** Stored bytes are not what was written. Never repaired by guessing: the start stops. */
export class CorruptionError extends Error {
  override readonly name = 'CorruptionError';

  /**
   * @param file   where, as the operator would type it
   * @param offset bytes from the start of the (uncompressed) file
   * @param detail what was expected and what was found
   * @param advice what the operator can do about it
   */
  constructor(
    readonly file: string,
    readonly offset: number,
    readonly detail: string,
    readonly advice: string,
  ) {
    super(`${file} is damaged at byte ${offset}: ${detail}. ${advice}`);
  }
}

/** A defect of this program: stop, and keep the evidence. */
export class InvariantViolation extends Error {
  override readonly name = 'InvariantViolation';
}

/** Checks what a comment claims. */
export function invariant(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new InvariantViolation(claim);
}
