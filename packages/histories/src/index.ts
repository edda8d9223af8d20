export type { Addition, Burst, EphemeralCreated, Increment, Outcome, PairSeen, SequentialCreate } from './contents.js';
export { checkAdditions, checkBursts, checkCounter, checkEphemerals, checkPairs, checkSequence } from './contents.js';
export type { Model, NotLinearizable, TimedCall } from './linearizable.js';
export { findNotLinearizable } from './linearizable.js';
export type { AcknowledgedWrite, SessionEvent } from './orders.js';
export { checkRealTimeOrder, checkSessionOrder, checkWatches } from './orders.js';
export type { RegisterCall, RegisterOp } from './register.js';
export { checkRegister } from './register.js';
export { hex } from './text.js';
