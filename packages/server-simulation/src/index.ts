export type { InvariantName } from './checks/violation.js';
export { INVARIANTS, Violation } from './checks/violation.js';
export { FAULTS } from './faults.js';
export type { MembershipChange } from './operator.js';
export type { PlantedBug } from './planted.js';
export { PLANTED, plantedBug } from './planted.js';
export type { ServerSimulationOptions, ServerSimulationResult } from './simulation-options.js';
export { ServerSimulation } from './simulation.js';
export { memberLine } from './world/addresses.js';
