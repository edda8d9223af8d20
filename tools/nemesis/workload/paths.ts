/** Where the workload keeps its znodes. */
export const ROOT = '/nemesis';
export const REGISTERS = Array.from({ length: 6 }, (_, i) => `${ROOT}/register-${i}`);
export const PAIR = [`${ROOT}/pair-first`, `${ROOT}/pair-second`] as const;
export const COUNTER = `${ROOT}/counter`;
export const LOCK = `${ROOT}/lock`;
export const EPHEMERALS = `${ROOT}/ephemerals`;
/** What registers and pairs hold at first. */
export const INITIAL = 'init';

export function barrierOf(worker: number): string {
  return `${ROOT}/barrier-${worker}`;
}

export function setOf(epoch: number): string {
  return `${ROOT}/set-${epoch}`;
}

export function sequenceOf(epoch: number): string {
  return `${ROOT}/sequence-${epoch}`;
}
