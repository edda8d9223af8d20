/**
 * What is said of something that was thrown. Whether it is an `Error` is not asked: those of Node.js are not, where code
 * runs in a context of its own, as in tests.
 */
export function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { readonly message?: unknown };
  return typeof message === 'string' ? message : String(error);
}

/** The `code` of an error of the system, such as ENOENT; undefined: it has none. */
export function codeOf(error: unknown): string | undefined {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : undefined;
}
