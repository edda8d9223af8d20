import type { Acl } from '@zk/model';
import fc from 'fast-check';
import type { Op, Txn } from './txns.js';

/** Few names and few sessions, so that operations meet each other's znodes, present and missing. */
const name = fc.constantFrom('a', 'b', 'c', 'dd', 'e-long-name-of-a-znode');
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `/${names.join('/')}`);
const shallow = fc.array(name, { minLength: 1, maxLength: 2 }).map((names) => `/${names.join('/')}`);
const anyPath = fc.oneof(shallow, path);
const data = fc.oneof(
  fc.constant(null),
  fc.constant(''),
  fc.string({ unit: 'grapheme-ascii', maxLength: 40 }),
  fc.integer({ min: 0, max: 3000 }).map((length) => 'x'.repeat(length)),
);
const acl = fc.constantFrom<readonly Acl[]>(
  [{ perms: 31, scheme: 'world', id: 'anyone' }],
  [{ perms: 1, scheme: 'world', id: 'anyone' }],
  [
    { perms: 31, scheme: 'digest', id: 'u:p' },
    { perms: 1, scheme: 'world', id: 'anyone' },
  ],
);
const cversion = fc.oneof(fc.constant(-1), fc.integer({ min: 0, max: 20 }));
const session = fc.constantFrom(0x1_0000_0000_0001n, -0x7f00_0000_0000_0001n, 7n);

const simple = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('create' as const),
      type: fc.constantFrom(1 as const, 15 as const),
      path: anyPath,
      data,
      acl,
      ephemeral: fc.boolean(),
      parentCversion: cversion,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('createContainer' as const),
      path: anyPath,
      data,
      acl,
      parentCversion: cversion,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('createTtl' as const),
      path: anyPath,
      data,
      acl,
      parentCversion: cversion,
      ttlMs: fc.integer({ min: 1, max: 0xff_ffff_ffff }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('delete' as const), path: anyPath }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('setData' as const),
      path: fc.oneof(anyPath, fc.constant('/')),
      data,
      version: fc.integer({ min: -3, max: 9 }),
    }),
  },
);

const op: fc.Arbitrary<Op> = fc.oneof(
  { weight: 12, arbitrary: simple },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('setAcl' as const),
      path: anyPath,
      acl,
      version: fc.integer({ min: 0, max: 9 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('closeSession' as const),
      paths: fc.oneof(fc.constant(undefined), fc.array(anyPath, { maxLength: 3 })),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('createSession' as const), timeoutMs: fc.constant(10_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('error' as const), error: fc.constant(-101) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('multi' as const),
      ops: fc.array(
        fc.oneof(
          { weight: 9, arbitrary: simple },
          { weight: 1, arbitrary: fc.constant<Op>({ kind: 'error', error: -110 }) },
          { weight: 1, arbitrary: fc.constant<Op>({ kind: 'check', path: '/a', version: 0 }) },
        ),
        { maxLength: 5 },
      ),
    }),
  },
);

/** Transactions with rising zxids and times. */
export function txns(maxLength: number): fc.Arbitrary<Txn[]> {
  return fc
    .array(fc.record({ session, op }), { maxLength })
    .map((ops) =>
      ops.map((each, i) => ({ ...each, zxid: 0x5_ffff_fff0n + BigInt(i), timeMs: 1_795_228_097_809 + i * 7 })),
    );
}
