export type { InvariantName } from './checkers.js';
export { INVARIANTS, Violation } from './checkers.js';
export type { CrashPlan } from './disk.js';
export { FAULTS } from './faults.js';
export type { SimulationOptions, SimulationResult } from './simulation.js';
export { Simulation } from './simulation.js';
export type { Host } from './host.js';
export { PLANTED, plantedRules } from './planted.js';
