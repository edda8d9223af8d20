/** An error with a `code`, as sockets have it. */
export function networkError(code: string): Error {
  return Object.assign(new Error(code), { code });
}
