/** The znodes that clients work on: few, so that they meet. */
export const REGISTERS = ['/r0', '/r1', '/r2', '/r3'];
export const PAIR = ['/p0', '/p1'] as const;
export const QUEUE = '/q';
export const EPHEMERALS = ['/e0', '/e1', '/e2'];
export const CONTAINER = '/c';
export const CONTAINED = [`${CONTAINER}/a`, `${CONTAINER}/b`];
export const AGEING = ['/t0', '/t1'];
/** Of the configuration of the ensemble. */
export const CONFIG_PATH = '/zookeeper/config';
export const WATCHABLE = [...REGISTERS, ...PAIR, ...EPHEMERALS, CONTAINER, ...AGEING];
export const PARENTS = ['/', QUEUE, CONTAINER];
export const WATCHED_WHOLE = [QUEUE, CONTAINER];
export const WATCHED_ALWAYS = [REGISTERS[0]!, PAIR[0], EPHEMERALS[0]!, AGEING[0]!, QUEUE, CONFIG_PATH];
/** Which versions a conditional write asks for. */
export const VERSIONS = [-1, -1, -1, 0, 1, 2];
