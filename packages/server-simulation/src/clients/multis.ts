import type { MultiOp } from '@zk/jute';
import { CreateMode, OPEN_ACL_UNSAFE } from '@zk/model';
import type { SeededRandom } from '@zk/simulation';
import { EPHEMERALS, PAIR, QUEUE, REGISTERS, VERSIONS } from './znodes.js';

/** Who puts a multi together. */
export interface MultiAuthor {
  readonly random: SeededRandom;
  /** A value that nobody has written before. */
  value(): Uint8Array;
}

const MAX_PARTS = 5;
const { persistent, ephemeral, ephemeralSequential, persistentSequential } = CreateMode;

function setData(author: MultiAuthor, path: string, version: number): MultiOp {
  return { op: 'setData', path, data: author.value(), version };
}

function create(author: MultiAuthor, path: string, flags: number): MultiOp {
  const op = author.random.pick(['create', 'create2'] as const);
  return { op, path, data: author.value(), acl: OPEN_ACL_UNSAFE, flags };
}

/** Both, or where one of them does not exist neither. */
export function setsOfPair(author: MultiAuthor): MultiOp[] {
  const data = author.value();
  const ops = PAIR.map((path): MultiOp => ({ op: 'setData', path, data, version: -1 }));
  if (!author.random.chance(0.3)) return ops;
  return [...ops, setData(author, author.random.pick(REGISTERS), author.random.pick(VERSIONS))];
}

export function createsOfPair(author: MultiAuthor): MultiOp[] {
  const data = author.value();
  return PAIR.map((path) => ({ op: 'create', path, data, acl: OPEN_ACL_UNSAFE, flags: persistent }));
}

type Part = (author: MultiAuthor) => MultiOp;

const PARTS: readonly Part[] = [
  (author) => setData(author, author.random.pick(REGISTERS), -1),
  (author) => setData(author, author.random.pick(REGISTERS), author.random.pick(VERSIONS)),
  ({ random }) => ({ op: 'check', path: random.pick(REGISTERS), version: random.pick(VERSIONS) }),
  ({ random }) => ({ op: 'delete', path: random.pick([...REGISTERS, QUEUE]), version: random.pick(VERSIONS) }),
  (author) => create(author, author.random.pick(REGISTERS), persistent),
  (author) => create(author, author.random.pick(EPHEMERALS), ephemeral),
  (author) => create(author, `${EPHEMERALS[0]}/child`, persistent),
  (author) => create(author, `${QUEUE}/n-`, author.random.pick([persistentSequential, ephemeralSequential])),
];

/** Whatever parts chance puts together: later ones meet what earlier ones have done, and some fail. */
export function mixed(author: MultiAuthor): MultiOp[] {
  const { random } = author;
  return Array.from({ length: random.between(1, MAX_PARTS) }, () => random.pick(PARTS)(author));
}
