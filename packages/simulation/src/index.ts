export type { InvariantName } from './checkers.js';
export { INVARIANTS, Violation } from './checkers.js';
export { FAULTS } from './faults.js';
export type { SimulationOptions, SimulationResult } from './simulation.js';
export { Simulation } from './simulation.js';
export { PLANTED, plantedRules } from './planted.js';
