/** All that can happen to an ensemble, and how everything is repaired. */
import { clocks, diskFaults } from './disk-and-clock-faults.js';
import { networkFaults } from './network-faults.js';
import { processFaults } from './process-faults.js';
import type { Fault, Scene } from './scene.js';

export const FAULTS: readonly Fault[] = [...processFaults, ...networkFaults, ...diskFaults, ...clocks];

/** Everything as it should be: links whole, all processes running, disks with room. */
export function repair({ ensemble, network, disk }: Scene): void {
  network.healAll();
  disk?.empty();
  for (const member of ensemble.members) {
    if (member.isPaused) member.resume();
    member.start();
  }
}
