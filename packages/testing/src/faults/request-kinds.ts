import { OpCode } from '@zk/model';

/**
 * What a request asks for. A kind stands for all its variants on the wire: `create` for the four ways to create,
 * `setWatches` for both. `connect` is the first frame of a connection, `any` is every frame but that.
 */
export type RequestKind = 'any' | 'connect' | 'create' | 'getChildren' | 'setWatches' | 'closeSession' | OtherKind;

type Variants = 'create2' | 'createContainer' | 'createTTL' | 'getChildren2' | 'setWatches2';
type Internal = 'notification' | 'error' | 'createSession' | 'deleteContainer';
type OtherKind = Exclude<keyof typeof OpCode, Variants | Internal | 'create' | 'getChildren' | 'setWatches'>;

const variants: Readonly<Record<string, RequestKind>> = {
  create2: 'create',
  createContainer: 'create',
  createTTL: 'create',
  getChildren2: 'getChildren',
  setWatches2: 'setWatches',
};

const kinds = new Map<number, RequestKind>(
  Object.entries(OpCode).map(([name, code]) => [code, variants[name] ?? (name as RequestKind)]),
);

/** Undefined for an operation that does not exist. */
export function kindOf(op: number): RequestKind | undefined {
  return kinds.get(op);
}
