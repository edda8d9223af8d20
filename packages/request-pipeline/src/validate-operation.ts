import { OpCode } from '@zk/model';
import { type Preparer, UNDECODABLE } from './preparer.js';
import {
  validateCheck,
  validateDelete,
  validateDeleteContainer,
  validateSetAcl,
  validateSetData,
} from './validate-change.js';
import { validateCreate } from './validate-create.js';

/** Decodes and validates one operation and writes its record. The reader stands at its body; it is left behind it. */
export function validateOperation(p: Preparer, type: number): number {
  return p.request.read(p.reader, type) ? validateDecoded(p, type) : UNDECODABLE;
}

/**
 * Validates the operation that was decoded last and writes its record.
 *
 * @param type the opcode of its transaction
 */
export function validateDecoded(p: Preparer, type: number): number {
  switch (type) {
    case OpCode.setData:
      return validateSetData(p);
    case OpCode.create:
    case OpCode.create2:
    case OpCode.createContainer:
    case OpCode.createTTL:
      return validateCreate(p, type);
    case OpCode.delete:
      return validateDelete(p);
    case OpCode.setACL:
      return validateSetAcl(p);
    case OpCode.check:
      return validateCheck(p);
    case OpCode.deleteContainer:
      return validateDeleteContainer(p);
    default:
      return UNDECODABLE;
  }
}
