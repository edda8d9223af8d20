import { type Host, Simulation, type SimulationOptions } from '../src/index.js';

/** An ensemble in which everybody is up and serves, and nothing is left to the seed but chance. */
export function scenario(options: Partial<SimulationOptions> = {}): Simulation {
  const members = { voters: 3, observers: 0, groups: 0, hasObserverMasters: false };
  const plain = { seed: 7, ...members, reconfigurations: 0, isFuzzy: false, restarts: false };
  const simulation = new Simulation({ ...plain, ...options });
  simulation.runUntil('all serve', () => simulation.hosts.every((host) => host.isServing));
  return simulation;
}

export const others = (simulation: Simulation, host: Host): Host[] =>
  simulation.hosts.filter((other) => other !== host);

export function isolate(simulation: Simulation, host: Host): void {
  for (const other of others(simulation, host)) {
    simulation.network.block(host.number, other.number);
    simulation.network.block(other.number, host.number);
  }
}
