import { writeInt32 } from '@zk/jute';
import { ErrorCode, OpCode } from '@zk/model';
import { BROKEN, END, nextPart } from './multi-parts.js';
import type { Preparer } from './preparer.js';
import { validateDecoded } from './validate-operation.js';

/**
 * Validates a multi and writes its record: the sub-transactions, or, when one of them is refused, those before it,
 * its error, and RUNTIMEINCONSISTENCY for each one after it (spec: server semantics, section 11). Either way the
 * result is a transaction; only a body that cannot be decoded gives an error code.
 */
export function validateMulti(p: Preparer): number {
  const { reader, request, writer, overlay, digest } = p;
  writer.ensure(4);
  const countAt = writer.at - writer.start;
  writer.int32(0);
  const { hi, lo } = digest;
  overlay.begin();
  let done = 0;
  let code: number = ErrorCode.OK;
  let kind = nextPart(reader, request);
  while (kind > END) {
    code = validatePart(p, kind);
    if (code !== ErrorCode.OK) break;
    done++;
    kind = nextPart(reader, request);
  }
  // Whether the rest can be decoded matters more than why a part was refused.
  const refused = code === ErrorCode.OK ? 0 : countFromRefused(p);
  if (kind === BROKEN || refused === BROKEN || writer.length > p.options.maxTxnBytes) {
    overlay.rollback();
    p.setDigest(hi, lo);
    return ErrorCode.MARSHALLINGERROR;
  }
  writeInt32(writer.bytes, writer.start + countAt, done + refused);
  if (code === ErrorCode.OK) {
    overlay.keep();
    return ErrorCode.OK;
  }
  overlay.rollback();
  p.setDigest(hi, lo);
  writer.ensure(refused * 12);
  for (let i = 0; i < refused; i++) {
    writer.int32(OpCode.error);
    writer.int32(4);
    writer.int32(i === 0 ? code : ErrorCode.RUNTIMEINCONSISTENCY);
  }
  return ErrorCode.OK;
}

/** The number of parts from the refused one on, which was decoded last; BROKEN when one cannot be decoded. */
function countFromRefused({ reader, request }: Preparer): number {
  let count = 1;
  let kind = nextPart(reader, request);
  for (; kind > END; kind = nextPart(reader, request)) count++;
  return kind === BROKEN ? BROKEN : count;
}

/** Writes type, length and record of the part that was decoded last; nothing when it is refused. */
function validatePart(p: Preparer, kind: number): number {
  const { writer } = p;
  writer.ensure(8);
  const before = writer.at - writer.start;
  writer.int32(kind);
  writer.int32(0);
  const code = validateDecoded(p, kind);
  const at = writer.start + before;
  if (code !== ErrorCode.OK) {
    writer.at = at;
    return code;
  }
  writeInt32(writer.bytes, at + 4, writer.at - at - 8);
  return code;
}
