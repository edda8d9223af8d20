/**
 * The session timeout a server grants (spec: server semantics, section 10.1). The request is raised to the minimum first
 * and lowered to the maximum last, so the maximum wins if the two are in the wrong order. Any int32 may be requested.
 */
export function negotiateTimeout(requestedMs: number, minMs: number, maxMs: number): number {
  return Math.min(Math.max(requestedMs, minMs), maxMs);
}
