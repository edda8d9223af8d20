/** Where our answer differs from Apache ZooKeeper 3.9's on purpose. Everything else must be the same. */

export interface AcceptedDifference {
  readonly cases: RegExp;
  /** What Apache does; undefined where it cannot be asked. */
  readonly apache?: RegExp;
  readonly ours: RegExp;
  readonly reason: string;
}

export const accepted: readonly AcceptedDifference[] = [
  {
    cases: /\(Apache crashes\)$/,
    ours: /^-8$/,
    reason:
      'createTTL with flags without TTL and a negative ttl ends an Apache server, again at every restart; we answer BADARGUMENTS',
  },
  {
    cases: /^(opcode 20 |deleteContainer )/,
    ours: /^-6( closed)?$/,
    reason: 'deleteContainer is internal; from a client it would bypass ACLs, so we answer UNIMPLEMENTED',
  },
  {
    cases: /^first bytes "stmk"$/,
    apache: /^closed$/,
    ours: /^silent$/,
    reason: 'the mask of stmk may come in a later packet; Apache closes when it is not there at once',
  },
];

export function isAccepted(name: string, ours: string, apache: string | undefined): AcceptedDifference | undefined {
  return accepted.find(
    (difference) =>
      difference.cases.test(name) &&
      difference.ours.test(ours) &&
      (apache === undefined || difference.apache === undefined || difference.apache.test(apache)),
  );
}
