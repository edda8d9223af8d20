/** Whether an error carries this code, by whatever class it comes. */
export function hasCode(error: unknown, code: number): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

export function isMaybeApplied(error: unknown): boolean {
  return error instanceof Error && 'maybeApplied' in error && error.maybeApplied === true;
}
