/** Whatever was thrown, as an error. One of another realm (a worker's, a test runner's) is one too. */
export function asError(thrown: unknown): Error {
  if (thrown instanceof Error) return thrown;
  if (typeof thrown === 'object' && thrown !== null && 'message' in thrown) return thrown as Error;
  return new Error(String(thrown), { cause: thrown });
}
